"""How far languages are from each other, in sounds and in words, from parallel texts.

Lexical: the normalised Levenshtein distance of spellings, averaged over items with one meaning, as
between word lists in ASJP (Holman et al. 2008). Phonetic: the Jensen-Shannon divergence between the
frequencies of pairs of phonemes, in bits; it does not ask what words mean.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz.distance import Levenshtein

from lib.corpora.phonemes import phonemes
from lib.corpora.text import normalize_text
from lib.languages import language
from lib.utterance import Corpus

ITEMS = 400  # with one meaning, that distances are computed from


@dataclass(frozen=True, kw_only=True)
class Distance:
    """From a language to the nearest one that is seen."""

    code: str
    phonetic: float  # bits, 0 to 1
    phonetic_nearest: str
    lexical: float  # 0: the same spellings, 1: nothing in common
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
    """
    first, second = (Counter(p for text in own for p in pairwise(text)) for own in (one, other))
    totals = first.total(), second.total()
    divergence = 0.0
    for pair in first.keys() | second.keys():
        shares = first[pair] / totals[0], second[pair] / totals[1]
        mean = sum(shares) / 2
        divergence += sum(share * math.log2(share / mean) for share in shares if share) / 2
    return divergence


def distances(corpus: Corpus, codes: Sequence[str], seen: Sequence[str]) -> list[Distance]:
    """The distance of each language to the nearest seen one that is not itself.

    Raises:
        ValueError: the corpus has too few items in all languages, or a language has no voice.
    """
    wanted = list(dict.fromkeys([*codes, *seen]))
    texts = _parallel(corpus, wanted)
    sounds = phonemes(texts)
    found = []
    for code in codes:
        others = [other for other in seen if other != code]
        phonetic = {o: phonetic_distance(sounds[code], sounds[o]) for o in others}
        lexical = {o: lexical_distance(texts[code], texts[o]) for o in others}
        near, alike = min(phonetic, key=phonetic.get), min(lexical, key=lexical.get)
        found.append(
            Distance(
                code=code,
                phonetic=phonetic[near],
                phonetic_nearest=language(near).name,
                lexical=lexical[alike],
                lexical_nearest=language(alike).name,
            )
        )
    return found


def _parallel(corpus: Corpus, codes: Sequence[str]) -> dict[str, list[str]]:
    """Transcripts with the same meanings in all languages."""
    by_meaning: dict[str, dict[str, str]] = {}
    for u in corpus.split("train"):
        if u.language in codes and u.language in u.texts:
            by_meaning.setdefault(u.meaning or u.id, {})[u.language] = u.texts[u.language]
    whole = [texts for texts in by_meaning.values() if len(texts) == len(codes)][:ITEMS]
    if len(whole) < 2:
        raise ValueError(
            f"{corpus.name} has {len(whole)} training texts with one meaning in all of "
            f"{', '.join(codes)}; distances need a corpus that is parallel, such as fleurs"
        )
    return {code: [texts[code] for texts in whole] for code in codes}
