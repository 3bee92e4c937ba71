"""A dev set for corpora that publish train and one more part, which has to be the test set."""

from __future__ import annotations

import hashlib


def one_in(count: int, key: str) -> bool:
    """Is this one of every `count` keys that are held back? By its hash: the same everywhere, equal keys together."""
    return int(hashlib.sha256(key.casefold().encode()).hexdigest(), 16) % count == 0
