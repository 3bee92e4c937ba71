"""A small encoder for COMETKiwi: XLM-RoBERTa, pretrained on pairs by masking words of both sides.

The published one starts from InfoXLM, which had the same task (translation language modelling,
1901.07291). A regression alone would not teach a small model which words are translations.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import (
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
    XLMRobertaTokenizer,
    XLMRobertaTokenizerFast,
)

from lib.data.batch import IGNORED, pad
from lib.models.tokenizer import train_sentencepiece
from lib.progress import Progress
from lib.systems.it_ist.pseudo_labels.defects import Pair

BATCH = 32  # pairs
# of the subwords of one side, drawn for each pair: the other side has to tell what they are
MASKED_SHARE = 0.6
WARMUP_UPDATES = 60
PEAK_LEARNING_RATE = 2e-3
SORTED_BATCHES = 8  # drawn together and sorted by length, for less padding


@dataclass(frozen=True, kw_only=True)
class EncoderSize:
    """Sizes of an encoder trained here."""

    hidden: int
    heads: int
    layers: int
    subwords: int
    updates: int  # of pretraining


def pretrain_encoder(
    pairs: Sequence[Pair], size: EncoderSize, seed: int, folder: Path, progress: Progress
) -> None:
    """Write an encoder and its tokenizer as COMET loads them, without a network.

    Args:
        pairs: correct translations.
        folder: gets config.json, model.safetensors and the tokenizer's files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = [text for pair in pairs for text in (pair.source, pair.text)]
    model_file = folder / "sentencepiece.bpe.model"
    model_file.write_bytes(train_sentencepiece(texts, size.subwords))
    XLMRobertaTokenizer(str(model_file)).save_pretrained(folder)
    tokenizer = XLMRobertaTokenizerFast.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = XLMRobertaForMaskedLM(_config(size, len(tokenizer))).train()
        ids = tokenizer([p.text for p in pairs], [p.source for p in pairs])["input_ids"]
        batches = length_batches([len(row) for row in ids], random.Random(seed))
        optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.01)
        for update in range(1, size.updates + 1):
            inputs = pad([torch.tensor(ids[i]) for i in next(batches)], tokenizer.pad_token_id)
            side = torch.rand(len(inputs), 1) < 0.5
            first = (inputs == tokenizer.eos_token_id).cumsum(1) == 0
            chosen = (torch.rand(inputs.shape) < MASKED_SHARE) & (first == side)
            chosen &= inputs > tokenizer.eos_token_id  # no special token
            for group in optimizer.param_groups:
                left = 1 - 0.9 * update / size.updates
                group["lr"] = PEAK_LEARNING_RATE * min(1.0, update / WARMUP_UPDATES) * left
            loss = model(
                input_ids=inputs.masked_fill(chosen, tokenizer.mask_token_id),
                attention_mask=(inputs != tokenizer.pad_token_id).long(),
                labels=inputs.masked_fill(~chosen, IGNORED),
            ).loss
            optimizer.zero_grad()
            if chosen.any():  # the mean over no subword is not a number
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
            progress("pretraining COMETKiwi's encoder", update, size.updates)
    model.roberta.save_pretrained(folder, safe_serialization=True)


def _config(size: EncoderSize, rows: int) -> XLMRobertaConfig:
    return XLMRobertaConfig(
        vocab_size=rows,
        hidden_size=size.hidden,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=4 * size.hidden,
        max_position_embeddings=258,  # of which XLM-R uses two less
        type_vocab_size=1,
        initializer_range=0.5 * size.hidden**-0.5,
        hidden_dropout_prob=0.0,  # so few updates do not overfit
        attention_probs_dropout_prob=0.0,
    )


def length_batches(lengths: Sequence[int], rng: random.Random) -> Iterator[list[int]]:
    """Batches of indices without end, of about the same length, in an order that `rng` decides."""
    while True:
        order = rng.sample(range(len(lengths)), len(lengths))
        for start in range(0, len(order), SORTED_BATCHES * BATCH):
            block = sorted(order[start : start + SORTED_BATCHES * BATCH], key=lengths.__getitem__)
            batches = [block[first : first + BATCH] for first in range(0, len(block), BATCH)]
            rng.shuffle(batches)
            yield from batches
