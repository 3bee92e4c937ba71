"""The model of the training benchmarks: an untrained Seamless of the tiny preset's sizes."""

from __future__ import annotations

from pathlib import Path

from benchmarks.corpus import SOURCE, SPOKEN, TARGET
from lib.models.seamless import build_seamless
from lib.models.tokenizer import train_seamless_tokenizer
from lib.systems.seamless_presets import PRESETS

SIZE = PRESETS["tiny"].size
SEED = 1
LANGUAGES = [SOURCE, TARGET]


def save_tiny_model(folder: Path) -> str:
    """Save the model with its tokenizer; returns the path."""
    texts = (text for sentence in SPOKEN.sentences(2000) for text in sentence.values())
    tokenizer = train_seamless_tokenizer(texts, LANGUAGES, SIZE.subwords, folder / "tokenizer")
    build_seamless(SIZE, tokenizer, LANGUAGES, SEED).save(folder / "model")
    return str(folder / "model")
