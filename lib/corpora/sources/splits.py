"""Deterministic splits by hash, for corpora that do not publish train, dev and test."""

from __future__ import annotations

import hashlib


def hash_bucket(key: str, buckets: int) -> int:
    """The bucket of a key, from 0: the same on every machine, and for keys that differ in case."""
    return int(hashlib.sha256(key.casefold().encode()).hexdigest(), 16) % buckets


def train_or_dev(key: str, dev_every: int) -> str:
    """The split of published training data: "dev" for one in `dev_every` keys, else "train"."""
    return "dev" if hash_bucket(key, dev_every) == 0 else "train"
