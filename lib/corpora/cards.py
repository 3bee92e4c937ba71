"""Data cards: the facts of a corpus in the front matter of its Markdown page, and each of them held against the data."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

from lib.utterance import SPLITS

CARDS = Path(__file__).parents[2] / "data_cards"


@dataclass(frozen=True)
class Size:
    """What a card says of one language and split; None where it says nothing."""

    language: str  # spoken, ISO 639-3, or "all"
    split: str  # one of SPLITS, or "all"
    hours: float | None = None
    utterances: int | None = None
    speakers: int | None = None


@dataclass(frozen=True)
class Card:
    """The front matter of a data card."""

    name: str  # the file's and the source's
    title: str
    licence: str  # SPDX identifier; "not stated" where the publisher states none
    obtain: str  # how one comes by it, step by step
    layout: str  # the tree that the source reads, and how certain it is
    spoken: tuple[str, ...]
    written: tuple[str, ...]
    splits: str  # how the published splits become train, dev and test
    intended_use: str
    account: str = "none"  # that has to be had, or agreement to be signed, before
    layout_certain: bool = True  # read from the publisher's own files or from code that reads them
    synthetic: bool = False
    speakers_known: bool = True
    speakers_apart: bool = True  # no speaker of dev or test in train
    sentences_apart: bool = True  # no sentence of dev or test in train
    sampling_rate: int = 16_000  # Hz, as published
    licences: dict[str, str] = field(default_factory=dict)  # of parts that differ from `licence`
    sizes: tuple[Size, ...] = ()
    known_defects: tuple[str, ...] = ()  # a sentence each
    checks: tuple[str, ...] = ()  # names in lib/corpora/defects.py
    facts_from: str = ""  # where the numbers were read


class BadCard(ValueError):
    """A data card whose front matter is not as it should be; the message names the file and the field."""


@lru_cache
def read_card(name: str) -> Card:
    """The card of a corpus.

    Raises:
        BadCard: no such card, or a field that is missing, unknown or of a wrong kind.
    """
    path = CARDS / f"{name}.md"
    if not path.exists():
        raise BadCard(f"there is no data card {path}; there are {', '.join(names())}")
    head, front, _ = (path.read_text(encoding="utf-8").split("---\n", 2) + ["", ""])[:3]
    if head or not front:
        raise BadCard(f"{path} does not start with front matter between two lines of ---")
    try:
        facts = yaml.safe_load(front)
        sizes = tuple(Size(**row) for row in facts.pop("sizes", []))
        tuples = {key: tuple(facts.pop(key, ())) for key in ("spoken", "written", "known_defects", "checks")}
        card = Card(**facts, **tuples, sizes=sizes)
    except (yaml.YAMLError, TypeError) as error:
        raise BadCard(f"{path}: its front matter is not a card's ({error})") from error
    if card.name != name:
        raise BadCard(f"{path} calls itself {card.name!r}; a card's name is its file's")
    wrong = [size.split for size in card.sizes if size.split not in (*SPLITS, "all")]
    if wrong:
        raise BadCard(f"{path}: sizes name the split {wrong[0]!r}; a split is train, dev, test or all")
    return card


def names() -> list[str]:
    """Every card there is."""
    return sorted(path.stem for path in CARDS.glob("*.md"))
