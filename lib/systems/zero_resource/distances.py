"""How far languages are from each other, in sounds and in words, from parallel texts.

Lexical: the normalised Levenshtein distance of spellings, averaged over items with one meaning, as
between word lists in ASJP (Holman et al. 2008). Phonetic: the Jensen-Shannon divergence between the
frequencies of pairs of phonemes, in bits; it does not ask what words mean.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz.distance import Levenshtein

from lib.corpora.phonemes import phonemes
from lib.corpora.text import normalize_text
from lib.languages import language
from lib.utterance import Corpus

ITEMS = 400  # of a language, or with one meaning in two, that a distance is computed from
LEAST_ITEMS = 20  # with one meaning


@dataclass(frozen=True, kw_only=True)
class Distance:
    """From a language to the nearest one that is seen; None where texts or voices are missing."""

    code: str
    phonetic: float | None  # bits, 0 to 1
    phonetic_nearest: str
    lexical: float | None  # 0: the same spellings, 1: nothing in common
    lexical_nearest: str


def lexical_distance(one: Sequence[str], other: Sequence[str]) -> float:
    """The mean distance of texts with the same meanings, from 0 to 1."""
    pairs = zip(map(normalize_text, one), map(normalize_text, other), strict=True)
    found = [Levenshtein.normalized_distance(*pair) for pair in pairs]
    return sum(found) / len(found)


def phonetic_distance(one: Sequence[str], other: Sequence[str]) -> float:
    """The Jensen-Shannon divergence of phoneme bigrams, in bits, from 0 to 1.

    Args:
        one, other: texts in the phonetic alphabet, of any meaning.

    Raises:
        ValueError: one of them has no two phonemes in a row.
    """
    first, second = (Counter(p for text in own for p in pairwise(text)) for own in (one, other))
    totals = first.total(), second.total()
    if not all(totals):
        raise ValueError("a language without two phonemes in a row has no distance to others")
    divergence = 0.0
    for pair in first.keys() | second.keys():
        shares = first[pair] / totals[0], second[pair] / totals[1]
        mean = sum(shares) / 2
        divergence += sum(share * math.log2(share / mean) for share in shares if share) / 2
    return divergence


def distances(
    sentences: Sequence[Mapping[str, str]], codes: Sequence[str], seen: Sequence[str]
) -> list[Distance]:
    """The distance of each language to the nearest seen one that is not itself.

    Args:
        sentences: each in one or more languages, by code.
    """
    wanted = list(dict.fromkeys([*codes, *seen]))
    texts = {c: [s[c] for s in sentences if c in s][:ITEMS] for c in wanted if language(c).voice}
    sounds = phonemes({code: own for code, own in texts.items() if own})
    found = []
    for code in codes:
        others = [other for other in seen if other != code]
        phonetic = {
            other: phonetic_distance(sounds[code], sounds[other])
            for other in others
            if code in sounds and other in sounds
        }
        lexical = {}
        for other in others:
            pairs = [(s[code], s[other]) for s in sentences if code in s and other in s][:ITEMS]
            if len(pairs) >= LEAST_ITEMS:
                lexical[other] = lexical_distance(*zip(*pairs, strict=True))
        near, alike = (min(by, key=by.get, default="") for by in (phonetic, lexical))
        found.append(
            Distance(
                code=code,
                phonetic=phonetic.get(near),
                phonetic_nearest=language(near).name if near else "",
                lexical=lexical.get(alike),
                lexical_nearest=language(alike).name if alike else "",
            )
        )
    return found


def parallel_sentences(corpus: Corpus) -> list[dict[str, str]]:
    """The transcripts of the training set, those with one meaning together."""
    by_meaning: dict[str, dict[str, str]] = {}
    for u in corpus.split("train"):
        if u.language in u.texts:
            by_meaning.setdefault(u.meaning or u.id, {})[u.language] = u.texts[u.language]
    return list(by_meaning.values())
