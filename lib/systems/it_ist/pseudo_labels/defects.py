"""Translations with one known defect or several: what a small COMETKiwi learns from, and its test.

Each defect has a damage, the share of the meaning that it takes away; the score of a translation
is what its defects leave, from 0 to 1. The damages are our choice: no paper states any.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lib.corpora import cldr
from lib.corpora.cldr import Item
from lib.languages import language

DEFECTS = (
    "number",  # a number is another one
    "name",  # a name, a unit or a day is another one; needs `Pair.content`
    "deletion",  # one word is missing
    "swap",  # two neighbouring words are exchanged
    "fragment",  # only the beginning or the end is there
    "repetition",  # the end is there twice
    "untranslated",  # the transcript itself
    "other sentence",
)
DRAWN = (3, 6, 1, 1, 1, 1, 1, 1)  # how often each: wrong numbers and names are learnt slowest
WRONG_TRANSCRIPT = "wrong transcript"  # translated faithfully; no damage that the pair shows
MAX_NUMBER = 12
MAX_DRAWS = 100  # for an item of the same kind
SWAP_DAMAGE, REPETITION_DAMAGE, NUMBER_DAMAGE = 0.3, 0.5, 0.7  # the last of an item
CORRECT_SHARE = 0.3  # of the training pairs; the others have one defect, two or three


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A transcript and a translation."""

    source: str
    text: str
    target: str  # language of the translation, ISO 639-3
    content: tuple[Item, ...] = ()  # of a phrasebook's sentence, whose names are known
    score: float = 1.0


def damage(pair: Pair, defect: str, others: Sequence[Pair], rng: random.Random) -> Pair | None:
    """The pair with one defect more; None where the text offers no place for it.

    Args:
        others: pairs in the same language that a wrong sentence is drawn from.
    """
    tokens = _tokens(pair.text, pair.target)
    changed, loss, content = pair.text, 1.0, ()
    if defect == "number":
        changed, loss = _other_number(pair.text, rng), NUMBER_DAMAGE / max(1, len(pair.content))
    elif defect == "name":
        content, loss = _other_name(pair, others, rng), 1 / max(1, len(pair.content))
        if content != pair.content:
            changed = _text(content, pair.target)
    elif defect == "deletion" and len(tokens) > 1:
        at = rng.randrange(len(tokens))
        changed, loss = _join(tokens[:at] + tokens[at + 1 :], pair.target), 1 / len(tokens)
    elif defect == "swap" and len(tokens) > 1:
        at = rng.randrange(len(tokens) - 1)
        swapped = [*tokens[:at], tokens[at + 1], tokens[at], *tokens[at + 2 :]]
        changed, loss = _join(swapped, pair.target), SWAP_DAMAGE
    elif defect == "fragment" and len(tokens) > 1:
        kept = rng.randint(1, len(tokens) - 1)
        part = tokens[:kept] if rng.random() < 0.5 else tokens[-kept:]
        changed, loss = _join(part, pair.target), 1 - kept / len(tokens)
    elif defect == "repetition":
        repeated = tokens[-rng.randint(1, len(tokens)) :]
        changed, loss = _join([*tokens, *repeated], pair.target), REPETITION_DAMAGE
    elif defect == "untranslated":
        changed = pair.source
    elif defect == "other sentence":
        changed = rng.choice(others).text
    if changed == pair.text:
        return None
    return replace(pair, text=changed, score=max(0.0, pair.score - loss), content=content)


def draw_damaged(pairs: Sequence[Pair], rng: random.Random) -> list[Pair]:
    """Each pair once, correct or with one defect to three; `pairs` may mix languages."""
    by_target: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_target.setdefault(pair.target, []).append(pair)
    drawn = []
    for pair in pairs:
        count = 0 if rng.random() < CORRECT_SHARE else rng.choice((1, 1, 2, 3))
        chosen = rng.choices(DEFECTS, DRAWN, k=count)
        # names first: after another defect the text is not that of the content any more
        for defect in sorted(chosen, key=lambda defect: defect != "name"):
            pair = damage(pair, defect, by_target[pair.target], rng) or pair
        drawn.append(pair)
    return drawn


def _other_number(text: str, rng: random.Random) -> str:
    found = list(re.finditer(r"\d+", text))
    if not found:
        return text
    match = rng.choice(found)
    numbers = [str(n) for n in range(1, MAX_NUMBER + 1) if str(n) != match[0]]
    return text[: match.start()] + rng.choice(numbers) + text[match.end() :]


def _other_name(pair: Pair, others: Sequence[Pair], rng: random.Random) -> tuple[Item, ...]:
    """The content with the name of one item exchanged for that of another pair's, of its kind."""
    for _ in range(MAX_DRAWS if pair.content else 0):
        at = rng.randrange(len(pair.content))
        item = pair.content[at]
        other = rng.choice([*rng.choice(others).content, item])
        if other.kind == item.kind and other.key != item.key:
            new = replace(item, key=other.key)
            return (*pair.content[:at], new, *pair.content[at + 1 :])
    return pair.content


def _text(content: Sequence[Item], code: str) -> str:
    return cldr.join_phrases([cldr.phrase(item, code) for item in content], code)


def _tokens(text: str, code: str) -> list[str]:
    return text.split() if language(code).unit == "word" else list(text)


def _join(tokens: Sequence[str], code: str) -> str:
    return (" " if language(code).unit == "word" else "").join(tokens).strip()
