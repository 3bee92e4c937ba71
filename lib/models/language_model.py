"""Language models: Qwen2 and others of the hub, and small Qwen2 models trained here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2TokenizerFast,
)

from lib.files import atomic_path
from lib.models.hub import source
from lib.models.loading import load_checkpoint
from lib.models.tokenizer import train_byte_level_bpe

END, PADDING = "<|endoftext|>", "<pad>"  # Qwen2's end token; IT-IST's padding


@dataclass(frozen=True, kw_only=True)
class QwenSize:
    """Sizes that differ between a Qwen2 trained here and the published ones."""

    hidden: int
    heads: int
    key_value_heads: int
    layers: int
    feed_forward: int
    subwords: int = 1000  # of the tokenizer


def load_language_model(
    path: str | Path, dtype: torch.dtype = torch.float32
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A causal or encoder-decoder language model of the hub or of this machine, and its tokenizer.

    A tokenizer that has no padding token, or pads with its end token as Qwen2.5's, gets `<pad>`.

    Raises:
        ValueError: there is none, or a weight is missing, unexpected or of another shape.
    """
    try:
        config = AutoConfig.from_pretrained(**source(path))
        tokenizer = AutoTokenizer.from_pretrained(**source(path))
    except (OSError, ValueError) as error:  # the second lists every model that there is
        reason = str(error).partition("\n")[0][:200]
        raise ValueError(f"no language model at {path}: {reason}") from error
    kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    cls = kind._model_mapping[type(config)]
    model = load_checkpoint(cls, path, "language model", dtype=dtype)
    if tokenizer.pad_token_id in (None, tokenizer.eos_token_id):
        tokenizer.add_special_tokens({"pad_token": PADDING})
    return model, tokenizer


def build_qwen(
    size: QwenSize, tokenizer: PreTrainedTokenizerBase, seed: int
) -> Qwen2ForCausalLM:
    """A Qwen2 with random weights."""
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=size.hidden,
        intermediate_size=size.feed_forward,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.key_value_heads,
        # 0.02 suits the published width; a narrow model would start with vanishing embeddings
        initializer_range=size.hidden**-0.5,
        tie_word_embeddings=True,  # as Qwen2.5 0.5B and 1.5B
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Qwen2ForCausalLM(config)


def train_qwen_tokenizer(
    texts: Iterable[str], subwords: int, folder: Path | str
) -> Qwen2TokenizerFast:
    """A byte-level BPE tokenizer of Qwen2's class with about `subwords` subwords, saved."""
    trained = train_byte_level_bpe(Qwen2TokenizerFast, texts, subwords, pad_token=PADDING)
    with atomic_path(folder) as new:
        trained.save_pretrained(new)
    return Qwen2TokenizerFast.from_pretrained(folder)
