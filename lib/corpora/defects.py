"""Known mistakes of published corpora, and of code that reads them, each as a check of what was curated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lib.corpora.curation.curate import Curated
from lib.corpora.sources import covost2
from lib.corpora.text import comparable

VERDICTS = ("holds", "does not hold", "not checked")

# of Llamacha/quechua_spanish_speech_translation_corpus. Measured in its revision 2106c22: the 125 test and the 125 dev
# sentences of IWSLT, word for word, and 572 of the 573 of train
SIMINCHIK = "siminchik_speech_translation/train/txt/train.que"


@dataclass(frozen=True)
class Claim:
    """One thing that is said of a corpus, beside what its data says."""

    claim: str
    said: str
    found: str
    verdict: str  # one of VERDICTS
    remedy: str = ""


def claim(what: str, said: str, found: str, holds: bool, remedy: str = "") -> Claim:
    """A claim that was checked; the remedy is for the case that it does not hold."""
    return Claim(what, said, found, "holds" if holds else "does not hold", "" if holds else remedy)


def lengths(curated: Curated) -> Claim:
    """Listed lengths are in seconds: not floored, as in IT-IST (2506.17019), not in ms, not divided by 60 instead of 1000."""
    what, counts = "listed lengths are exact, and in seconds", curated.files["lengths"]
    if not counts["given"]:
        return claim(what, "none are listed", "taken from the files", True)
    wrong = [finding.what for finding in curated.findings("dropped") if finding.step == "length"]
    floored = counts["given"] >= 20 and counts["whole"] == counts["given"]
    found = f"{counts['whole']:,} of {counts['given']:,} are whole numbers; {len(wrong):,} differ from the file"
    found += f", the first: {wrong[0]}" if wrong else ""
    return claim(what, "yes", found, not floored and not wrong, "correct the column, or empty it: files know their lengths")


def covost_cv4(curated: Curated) -> Claim:
    """Common Voice 4 has clips that are known to be broken, and CoVoST 2 lists them."""
    kept = [utterance.audio.name for utterance in curated.store if utterance.audio.name in covost2.FAULTY]
    what = "the faulty clips of Common Voice 4 are left out"
    return claim(
        what, f"{len(covost2.FAULTY)} are known", f"kept: {', '.join(kept) or 'none'}", not kept, "delete them from the list"
    )


def quechua_text(curated: Curated) -> Claim:
    """The public Siminchik text, used as additional training text, holds the IWSLT test set."""
    what, said = "additional Quechua text holds no test sentence", "Siminchik's holds all of them"
    test = {comparable(u.texts["que"]) for u in curated.store if u.split == "test" and u.texts.get("que")}
    beside = [
        path for root in (curated.root, curated.root.parent) for path in (*root.glob(SIMINCHIK), *root.glob(f"*/{SIMINCHIK}"))
    ]
    if not beside or not test:
        missing = (
            "no Siminchik text is beside the corpus" if test else "the test set has no transcripts; the card says where they are"
        )
        return Claim(what, said, missing, "not checked")
    lines = {comparable(line) for path in set(beside) for line in path.read_text(encoding="utf-8").splitlines()}
    found = f"{len(test & lines)} of {len(test)} test sentences are in {beside[0].name}"
    return claim(what, said, found, not test & lines, "curate that text with held_out= the test set's file, which takes them out")


CHECKS: dict[str, Callable[[Curated], Claim]] = {"covost_cv4": covost_cv4, "quechua_text": quechua_text}
