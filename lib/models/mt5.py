"""Small MT5 models trained here: encoder-decoders of the class of mT0 (2211.01786).

mT0 is an mT5 fine-tuned on instructions, so both are read by
`lib.models.language_model.load_language_model`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import (
    MT5Config,
    MT5ForConditionalGeneration,
    PreTrainedTokenizerBase,
    T5TokenizerFast,
)

from lib.files import atomic_path
from lib.models.tokenizer import train_sentencepiece

# ids of mT5's tokenizer, which has no start token: decoders start from padding
T5_IDS = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1, "pad_piece": "<pad>"}


@dataclass(frozen=True, kw_only=True)
class MT5Size:
    """Sizes that differ between an MT5 trained here and the published ones."""

    hidden: int
    heads: int
    layers: int  # of the encoder, and of the decoder
    feed_forward: int
    subwords: int  # of the tokenizer


def build_mt5(
    size: MT5Size, tokenizer: PreTrainedTokenizerBase, seed: int
) -> MT5ForConditionalGeneration:
    """An MT5 with random weights."""
    config = MT5Config(
        vocab_size=len(tokenizer),
        d_model=size.hidden,
        d_kv=size.hidden // size.heads,
        d_ff=size.feed_forward,
        num_layers=size.layers,
        num_heads=size.heads,
        dropout_rate=0.0,
        # mT5's are not, but a small model learns to write what it reads from one table sooner
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return MT5ForConditionalGeneration(config)


def train_mt5_tokenizer(texts: Iterable[str], subwords: int, folder: Path | str) -> T5TokenizerFast:
    """A SentencePiece tokenizer of mT5's class with about `subwords` subwords, saved."""
    model = train_sentencepiece(texts, subwords, **T5_IDS)
    with atomic_path(folder) as new:
        new.mkdir()
        (new / "spiece.model").write_bytes(model)
        T5TokenizerFast(str(new / "spiece.model"), extra_ids=0, legacy=False).save_pretrained(new)
    return T5TokenizerFast.from_pretrained(folder)
