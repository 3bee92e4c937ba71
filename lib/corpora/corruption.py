"""Corrupt text at a known word error rate, to make synthetic data of any quality (2505.21781).

A corrupted word is deleted, or replaced by another word of the language's training sentences that
does not occur in the sentence. Correct words keep their order and no replacement equals any of
them, so the word error rate against the original is exactly the share of corrupted words. Words
are never swapped: a swap counts as two errors.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from lib.languages import language

VERSION = 1  # increment when equal rates give other errors
DELETION_SHARE = 0.25  # of corrupted words; the others are replaced. Our choice: no paper states it


@dataclass(frozen=True)
class Vocabulary:
    """Replacement words, each as often as it occurs in the sentences that they are from."""

    code: str  # ISO 639-3
    words: tuple[str, ...]
    normalized: frozenset[str]  # the words as `normalize_word` gives them


def vocabulary(texts: Iterable[str], code: str) -> Vocabulary:
    """The words of texts in a language, without bare punctuation."""
    words = (word for text in texts for word in split_words(text, code))
    kept = tuple(word for word in words if normalize_word(word))
    return Vocabulary(code, kept, frozenset(map(normalize_word, kept)))


def check_error_rate(name: str, rate: float) -> None:
    """Check that the field `name` is a share of words.

    Raises:
        ValueError: the rate is not between 0 and 1.
    """
    if not 0 <= rate <= 1:  # also refuses NaN
        raise ValueError(f"{name}={rate} is not a share of words; use a number from 0 to 1")


def split_words(text: str, code: str) -> list[str]:
    """Split a text into the units of its error rate.

    Units are words between spaces, or characters with their combining marks where the language is
    scored by character (`Language.unit`). Spaces are no units, so jiwer's character error rate,
    which counts spaces and marks, differs slightly from the rate.
    """
    return [token for token in _tokens(text, code) if token != " "]


def _tokens(text: str, code: str) -> list[str]:
    """The units, with a " " for each space between them."""
    if language(code).unit == "word":
        return [token for word in text.split() for token in (word, " ")]
    tokens: list[str] = []
    for char in text:
        if unicodedata.category(char).startswith("M") and tokens and tokens[-1] != " ":
            tokens[-1] += char  # a Thai vowel belongs to its consonant
        else:
            tokens.append(" " if char.isspace() else char)
    return tokens


@lru_cache(maxsize=1 << 16)
def normalize_word(word: str) -> str:
    """Letters, marks and digits, case folded: "Peru," and "peru" are the same word."""
    return "".join(char for char in word.casefold() if unicodedata.category(char)[0] in "LMN")


def corrupt(
    text: str,
    replacements: Vocabulary,
    rate: float,
    rng: random.Random,
    deletion_share: float = DELETION_SHARE,
) -> str:
    """Corrupt each word of a text independently; at least one word remains.

    The number of random draws does not depend on the rate, so with the same seed a higher rate
    makes the same errors and more.

    Args:
        replacements: in the language of the text.
        rate: probability that a word is corrupted.
        deletion_share: probability that a corrupted word is deleted.

    Raises:
        ValueError: every replacement word occurs in the text.
    """
    if not rate:
        return text
    tokens = _tokens(text, replacements.code)
    own = frozenset(normalize_word(token) for token in tokens)
    if replacements.normalized <= own:
        raise ValueError(
            f"no training sentence in {replacements.code} has a word that is not in {text!r}; "
            "ask for more training contents"
        )
    corrupted, replacement = [], ""
    for token in tokens:
        if token == " ":
            corrupted.append(token)
            continue
        wrong, deleted = rng.random() < rate, rng.random() < deletion_share
        replacement = _draw_word(own, replacements, rng)
        corrupted.append(token if not wrong else "" if deleted else replacement)
    return " ".join("".join(corrupted).split()) or replacement


def _draw_word(own: frozenset[str], replacements: Vocabulary, rng: random.Random) -> str:
    while normalize_word(word := rng.choice(replacements.words)) in own:
        pass
    return word
