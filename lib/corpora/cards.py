"""Data cards: a corpus described in the front matter of a Markdown page, and checked against it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from lib.corpora import defects
from lib.corpora.curation.curate import Curated
from lib.corpora.defects import CardCheck, card_check
from lib.utterance import SAMPLING_RATE, SPLITS

CARDS = Path(__file__).parents[2] / "data_cards"
TOLERANCE = 0.02  # share by which hours and utterances may differ from a card's, often rounded


@dataclass(frozen=True, kw_only=True)
class Size:
    """The size of one language and split as a card states it; None where it states nothing."""

    language: str  # spoken, ISO 639-3, or "all"
    split: str  # one of SPLITS, or "all"
    hours: float | None = None
    utterances: int | None = None
    speakers: int | None = None


@dataclass(frozen=True, kw_only=True)
class Card:
    """The front matter of a data card."""

    name: str  # of the file and of the source
    title: str
    licence: str  # SPDX identifier, or "not stated"
    obtain: str  # steps to obtain the corpus
    layout: str  # folder layout that the source reads, and how certain it is
    spoken: tuple[str, ...]  # ISO 639-3
    written: tuple[str, ...]
    splits: str  # how the published splits map to train, dev and test
    intended_use: str
    account: str = "none"  # account or agreement needed before the download
    layout_certain: bool = True  # known from the publisher's files or from code that reads them
    synthetic: bool = False
    speakers_known: bool = True
    speakers_disjoint: bool = True  # no speaker of dev or test in train; false also if unknown
    sentences_disjoint: bool = True  # no sentence of dev or test in train
    sampling_rate: int = SAMPLING_RATE  # Hz, as published
    sizes: tuple[Size, ...] = ()
    known_defects: tuple[str, ...] = ()  # one sentence each
    checks: tuple[str, ...] = ()  # names in lib.corpora.defects.CHECKS
    facts_from: str = ""  # source of the numbers


class BadCard(ValueError):
    """A data card is invalid; the message names the file and the field."""


def obtain_command(name: str) -> str:
    """What to type to read how a corpus is obtained."""
    return f"how to obtain it: python -m lib.workbook corpora {name}"


@lru_cache
def read_card(name: str) -> Card:
    """Read the card of a corpus.

    Raises:
        BadCard: there is no such card, or a field is missing, unknown or of the wrong type.
    """
    path = CARDS / f"{name}.md"
    if not path.exists():
        raise BadCard(f"there is no data card {path}; there are {', '.join(card_names())}")
    head, front, _ = (path.read_text(encoding="utf-8").split("---\n", 2) + ["", ""])[:3]
    if head or not front:
        raise BadCard(f"{path} does not start with front matter between two lines of ---")
    try:
        facts = yaml.safe_load(front)
        sizes = tuple(Size(**row) for row in facts.pop("sizes", []))
        lists = ("spoken", "written", "known_defects", "checks")
        tuples = {key: tuple(facts.pop(key, ())) for key in lists}
        card = Card(**facts, **tuples, sizes=sizes)
    except (yaml.YAMLError, TypeError) as error:
        raise BadCard(f"{path}: its front matter is not that of a data card ({error})") from error
    if card.name != name:
        raise BadCard(f"{path}: its name field is {card.name!r}; it must be the name of the file")
    wrong = [size.split for size in card.sizes if size.split not in (*SPLITS, "all")]
    if wrong:
        raise BadCard(f"{path}: unknown split {wrong[0]!r} in sizes; use train, dev, test or all")
    return card


def card_names() -> list[str]:
    """The names of all cards."""
    return sorted(path.stem for path in CARDS.glob("*.md"))


def check_card(card: Card, curated: Curated) -> list[CardCheck]:
    """Compare the facts of a card with a curated corpus, which may be a part of it."""
    listed = [row for row in curated.funnel if row["step"] == "listed" and row["language"]]
    spoken = sorted({row["language"] for row in listed})
    known = set(spoken) <= set(card.spoken)
    checks = [
        _check_licence(card, curated),
        *(_check_size(size, listed) for size in card.sizes),
        card_check(
            "languages spoken", ", ".join(card.spoken), ", ".join(spoken), known, "add them"
        ),
        *_check_splits(card, curated),
    ]
    rates = curated.files["rates"]
    if rates:
        found = ", ".join(f"{rate} Hz: {count}" for rate, count in sorted(rates.items()))
        as_stated = set(rates) == {str(card.sampling_rate)}
        checks.append(card_check("sampling rate", f"{card.sampling_rate} Hz", found, as_stated))
    further = (defects.check_lengths, *(defects.CHECKS[name] for name in card.checks))
    return [*checks, *(check(curated) for check in further)]


def _check_licence(card: Card, curated: Curated) -> CardCheck:
    licences = curated.rules.licences
    dropped = sum(finding.step == "licence" for finding in curated.findings("dropped"))
    allowed = ", ".join(licences) or "any licence"
    return card_check(
        f"licence fits a run that allows {allowed}",
        card.licence,
        f"{dropped} utterances that it does not allow",
        not licences or (card.licence in licences and not dropped),
        f"{dropped} utterances were left out; the run allows {allowed}",
    )


def _check_size(size: Size, listed: list[dict]) -> CardCheck:
    rows = [
        row
        for row in listed
        if size.language in ("all", row["language"]) and size.split in ("all", row["split"])
    ]
    fact = f"size: {size.language}, {size.split}"
    counts = {key: sum(row[key] for row in rows) for key in ("hours", "utterances", "speakers")}
    stated = {key: getattr(size, key) for key in counts if getattr(size, key) is not None}
    text = ", ".join(f"{value:,} {key}" for key, value in stated.items())
    shares = [counts[k] / value for k, value in stated.items() if k != "speakers" and counts[k]]
    if not rows or not (shares or "speakers" in stated):
        found = "no lengths are listed" if rows else "not read"
        return CardCheck(fact=fact, stated=text, found=found, verdict="not checked")
    # a speaker may be in several rows: the number is between the largest row and the sum
    low, high = max(row["speakers"] for row in rows), counts["speakers"]
    found = [f"{round(counts[key], 2):,} {key}" for key in stated if key != "speakers"]
    if "speakers" in stated:
        found.append(f"{low:,}{'' if len(rows) == 1 else f' to {high:,}'} speakers")
    within = all(abs(share - 1) <= TOLERANCE for share in shares)
    holds = within and low <= stated.get("speakers", low) <= high
    remedy = "another release, or lines are missing"
    if shares and max(shares) < 1:
        remedy = f"this is {100 * min(shares):.0f} % of the corpus"
    return card_check(fact, text, ", ".join(found), holds, remedy)


def _check_splits(card: Card, curated: Curated) -> list[CardCheck]:
    leaks = sum(finding.step == "overlap" for finding in curated.findings("dropped"))
    shared = sum(finding.step == "speaker" for finding in curated.findings("noted"))
    leaked = f"{leaks} utterances whose sentence is on both sides, left out of train or dev"
    checks = [
        _check_disjoint("sentences", card.sentences_disjoint, leaks, leaked),
        _check_disjoint(
            "speakers", card.speakers_disjoint, shared, f"{shared} speakers on both sides"
        ),
    ]
    return checks if card.speakers_known else checks[:1]


def _check_disjoint(what: str, disjoint: bool, count: int, found: str) -> CardCheck:
    fact = f"{what} of train, dev and test"
    stated = "no two splits share any" if disjoint else "some may be shared"
    return card_check(fact, stated, found, not disjoint or not count, "correct the card")
