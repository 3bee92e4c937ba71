"""Text that is wrong at a known rate, so that synthetic data can be made of any quality (2505.21781: synthetic Irish).

A wrong word is another word of the language's training sentences, or is left out. Two words are never swapped: one swap is
two errors. The other word is none of the sentence's own, which makes the rate exact: kept words stay in their order and no
new word equals any of them, so the fewest edits back to the right text (its word error rate) are as many as words went wrong.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from lib.languages import language

VERSION = 1  # raise it when the same rates would give other errors
LEFT_OUT = 0.25  # share of wrong words that are left out, the rest being replaced; our choice, no paper states one


@dataclass(frozen=True)
class Vocabulary:
    """The words that stand in for the right ones: those of many sentences, each as often as it occurs in them."""

    code: str
    words: tuple[str, ...]
    kinds: frozenset[str]  # the words as `bare` compares them


def vocabulary(texts: Iterable[str], code: str) -> Vocabulary:
    """The words of texts in a language; what is only punctuation is none."""
    words = tuple(word for text in texts for word in pieces(text, code) if bare(word))
    return Vocabulary(code, words, frozenset(map(bare, words)))


def check_rate(name: str, rate: float) -> None:
    """A rate is a share.

    Raises:
        ValueError: for what is not between 0 and 1, by the field's name.
    """
    if not 0 <= rate <= 1:  # NaN is not either
        raise ValueError(f"{name}={rate} is no share of words; give a number from 0 (none) to 1 (all of them)")


def pieces(text: str, code: str) -> list[str]:
    """The words that a rate is a share of: what stands between spaces.

    In a language whose error rate is of characters (`languages.Language.unit`) they are characters, each with its marks;
    spaces are none. A character error rate that counts spaces and marks, as jiwer's does, is therefore a little off the rate.
    """
    return [token for token in _tokens(text, code) if token != " "]


def _tokens(text: str, code: str) -> list[str]:
    """The pieces and, as " ", the spaces between them."""
    if language(code).unit == "word":
        return [token for word in text.split() for token in (word, " ")]
    found: list[str] = []
    for char in text:
        if unicodedata.category(char).startswith("M") and found and found[-1] != " ":
            found[-1] += char  # a Thai vowel without its consonant is no character that anybody writes
        else:
            found.append(" " if char.isspace() else char)
    return found


@lru_cache(maxsize=1 << 16)
def bare(word: str) -> str:
    """Letters, marks and digits alone, case folded: "Peru," is no other word than "peru"."""
    return "".join(char for char in word.casefold() if unicodedata.category(char)[0] in "LMN")


def corrupted(text: str, others: Vocabulary, rate: float, rng: random.Random, left_out: float = LEFT_OUT) -> str:
    """`text` with each of its words wrong at the chance `rate`, independently of the rest; never left without any word.

    Chance is asked equally often whatever the rate, so that one seed's errors at a low rate are made at a higher one too.

    Args:
        others: what a word is replaced by; of the language of the text.
        left_out: the chance that a wrong word is left out, not replaced. Either is one error.

    Raises:
        ValueError: where `others` has no word that the text has not.
    """
    if not rate:
        return text
    tokens = _tokens(text, others.code)
    own = frozenset(bare(token) for token in tokens)
    if others.kinds <= own:
        raise ValueError(
            f"no training sentence in {others.code} has a word that {text!r} has not; ask for more training contents"
        )
    made, spare = [], ""
    for token in tokens:
        if token == " ":
            made.append(token)
            continue
        wrong, omitted = rng.random() < rate, rng.random() < left_out
        spare = _other(own, others, rng)
        made.append(token if not wrong else "" if omitted else spare)
    return " ".join("".join(made).split()) or spare


def _other(own: frozenset[str], others: Vocabulary, rng: random.Random) -> str:
    while bare(word := rng.choice(others.words)) in own:
        pass
    return word
