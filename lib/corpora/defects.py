"""Checks of a curated corpus for known mistakes in published corpora and their readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lib.corpora.curation.curate import Curated
from lib.corpora.sources import covost2
from lib.corpora.text import normalize_text

VERDICTS = ("holds", "does not hold", "not checked")

# In Llamacha/quechua_spanish_speech_translation_corpus at revision 2106c22, this file contains
# the 125 test and 125 dev sentences of IWSLT verbatim, and 572 of the 573 of train.
SIMINCHIK = "siminchik_speech_translation/train/txt/train.que"
MIN_LENGTHS = 20  # listed lengths from which whole numbers alone mean that they were floored


@dataclass(frozen=True, kw_only=True)
class CardCheck:
    """A fact that a data card states, compared with the data."""

    fact: str
    stated: str  # by the card
    found: str  # in the data
    verdict: str  # one of VERDICTS
    remedy: str = ""


def card_check(fact: str, stated: str, found: str, holds: bool, remedy: str = "") -> CardCheck:
    """The result of a check; the remedy is kept only if the fact does not hold."""
    return CardCheck(
        fact=fact,
        stated=stated,
        found=found,
        verdict="holds" if holds else "does not hold",
        remedy="" if holds else remedy,
    )


def check_lengths(curated: Curated) -> CardCheck:
    """Listed lengths are in seconds: not floored (as in IT-IST, 2506.17019), ms, or ms / 60."""
    fact, counts = "listed lengths are exact, and in seconds", curated.files["lengths"]
    if not counts["given"]:
        return card_check(fact, "none are listed", "taken from the files", True)
    wrong = [f.problem for f in curated.findings("dropped") if f.step == "length"]
    floored = counts["given"] >= MIN_LENGTHS and counts["whole"] == counts["given"]
    found = f"{counts['whole']:,} of {counts['given']:,} are whole numbers; "
    found += f"{len(wrong):,} differ from the file" + (f", the first: {wrong[0]}" if wrong else "")
    remedy = "correct the column, or empty it: lengths are then read from the files"
    return card_check(fact, "yes", found, not floored and not wrong, remedy)


def check_covost_cv4(curated: Curated) -> CardCheck:
    """The broken clips of Common Voice 4 that CoVoST 2 lists are left out."""
    faulty = [u.audio.name for u in curated.store if u.audio.name in covost2.FAULTY]
    return card_check(
        "the faulty clips of Common Voice 4 are left out",
        f"{len(covost2.FAULTY)} are known",
        f"in the corpus: {', '.join(faulty) or 'none'}",
        not faulty,
        "delete them from the list",
    )


def check_quechua_text(curated: Curated) -> CardCheck:
    """The public Siminchik text, used as additional training text, contains the IWSLT test set."""
    fact = "additional Quechua text holds no test sentence"
    stated = "Siminchik's holds all of them"
    test = [u.texts["que"] for u in curated.store if u.split == "test" and u.texts.get("que")]
    folders = (curated.root, curated.root.parent)
    files = {p for f in folders for p in (*f.glob(SIMINCHIK), *f.glob(f"*/{SIMINCHIK}"))}
    if not files or not test:
        missing = "no Siminchik text beside the corpus"
        if not test:
            missing = "the test set has no transcripts; see the card for a version that has"
        return CardCheck(fact=fact, stated=stated, found=missing, verdict="not checked")
    sentences = {normalize_text(text) for text in test}
    lines = {normalize_text(line) for p in files for line in p.read_text("utf-8").splitlines()}
    leaked = sentences & lines
    found = f"{len(leaked)} of {len(sentences)} test sentences are in {min(files).name}"
    remedy = "curate that text with held_out= the test set's file, which removes them"
    return card_check(fact, stated, found, not leaked, remedy)


# by the name that a card's front matter uses
CHECKS: dict[str, Callable[[Curated], CardCheck]] = {
    "covost_cv4": check_covost_cv4,
    "quechua_text": check_quechua_text,
}
