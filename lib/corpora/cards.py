"""Data cards: the facts of a corpus in the front matter of its Markdown page, and each of them held against the data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from lib.corpora import defects
from lib.corpora.curation.curate import Curated
from lib.corpora.defects import Claim, claim
from lib.utterance import SPLITS

CARDS = Path(__file__).parents[2] / "data_cards"
SLACK = 0.02  # share by which hours and utterances may differ from the card's, which are often rounded


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
    speakers_apart: bool = True  # no speaker of dev or test in train; false where some are, or nobody knows
    sentences_apart: bool = True  # and no sentence
    sampling_rate: int = 16_000  # Hz, as published
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


def check(card: Card, curated: Curated) -> list[Claim]:
    """Hold what a card says against what was listed and found; part of a corpus is said to be part of it."""
    listed = [row for row in curated.funnel if row["step"] == "listed" and row["language"]]
    claims = [_licence(card, curated)]
    claims += [_size(size, listed) for size in card.sizes]
    spoken = sorted({row["language"] for row in listed})
    claims.append(
        claim("languages spoken", ", ".join(card.spoken), ", ".join(spoken), set(spoken) <= set(card.spoken), "add them")
    )
    claims += _splits(card, curated)
    rates = curated.files["rates"]
    if rates:
        found = ", ".join(f"{rate} Hz: {count}" for rate, count in sorted(rates.items()))
        claims.append(claim("sampling rate", f"{card.sampling_rate} Hz", found, set(rates) == {str(card.sampling_rate)}, ""))
    claims += [defect(curated) for defect in (defects.lengths, *(defects.CHECKS[name] for name in card.checks))]
    return claims


def _licence(card: Card, curated: Curated) -> Claim:
    rules = curated.rules
    lost = sum(finding.step == "licence" for finding in curated.findings("dropped"))
    allowed = ", ".join(rules.licences) or "any licence"
    fits = not rules.licences or (card.licence in rules.licences and not lost)
    remedy = f"{lost} utterances were left out; the run allows {allowed}"
    return claim(
        f"licence fits a run that allows {allowed}", card.licence, f"{lost} utterances that it does not allow", fits, remedy
    )


def _size(size: Size, listed: list[dict]) -> Claim:
    rows = [r for r in listed if size.language in ("all", r["language"]) and size.split in ("all", r["split"])]
    name = f"{size.language}, {size.split}"
    count = {key: sum(row[key] for row in rows) for key in ("hours", "utterances", "speakers")}
    wanted = {key: getattr(size, key) for key in count if getattr(size, key) is not None}
    said = ", ".join(f"{value:,} {key}" for key, value in wanted.items())
    shares = [count[key] / value for key, value in wanted.items() if key != "speakers" and count[key]]
    if not rows or not (shares or "speakers" in wanted):
        return Claim(f"size: {name}", said, "not read" if rows == [] else "no lengths are listed", "not checked")
    # whoever is in two splits is one speaker: there are at most as many as in all of them, and at least as many as in one
    fewest = max(row["speakers"] for row in rows)
    some = fewest <= wanted.get("speakers", fewest) <= count["speakers"]
    found = ", ".join(f"{round(count[key], 2):,} {key}" for key in wanted if key != "speakers")
    if "speakers" in wanted:
        people = f"{fewest:,}" if len(rows) == 1 else f"{fewest:,} to {count['speakers']:,}"
        found += f"{', ' if found else ''}{people} speakers"
    holds = all(abs(share - 1) <= SLACK for share in shares) and some
    part = (
        f"this is {100 * min(shares):.0f} % of the corpus"
        if shares and max(shares) < 1
        else "another release, or lines that are lost"
    )
    return claim(f"size: {name}", said, found, holds, part)


def _splits(card: Card, curated: Curated) -> list[Claim]:
    leaks = sum(finding.step == "overlap" for finding in curated.findings("dropped"))
    shared = sum(finding.step == "speaker" for finding in curated.findings("noted"))
    claims = []
    for what, score_gap, found, unit in (
        ("sentences", card.sentences_apart, leaks, "utterances whose sentence is on both sides, left out of train or dev"),
        ("speakers", card.speakers_apart, shared, "speakers on both sides"),
    ):
        said = "no two splits share any" if score_gap else "some may be shared"
        claims.append(
            claim(f"{what} of train, dev and test", said, f"{found} {unit}", not score_gap or not found, "correct the card")
        )
    return claims if card.speakers_known else claims[:1]
