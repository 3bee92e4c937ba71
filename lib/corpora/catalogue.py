"""Every corpus by its name: listed by its source, curated, held against its card, and handed on as one shape."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lib.corpora import defects
from lib.corpora.cards import Card, check, read_card
from lib.corpora.curation.curate import Curated, curate
from lib.corpora.curation.rules import Rules
from lib.corpora.defects import Claim
from lib.corpora.sources import SOURCES, own
from lib.corpora.sources.reading import NotObtained
from lib.corpora.synthesis import Progress, no_progress
from lib.languages import language
from lib.utterance import SPLITS, Corpus, Dropped, Finding, Utterance

OWN = "own"  # the name under which a manifest of one's own is given


def listed(name: str, folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """What a corpus lists, each utterance with its source and licence.

    Args:
        name: of a source, or "own".
        folder: that the corpus lies in, or the manifest of one's own.
        spoken: ISO 639-3; None: every language.
        written: of the translations; None: all that there are.

    Raises:
        ValueError: an unknown name, or a language that the table lacks.
        NotObtained: the corpus is not there; says how it is obtained.
        lib.corpora.sources.own.BadManifest: the manifest cannot be used.
    """
    for code in (spoken, written):
        if code:
            language(code)
    if name == OWN:
        for entry in own.read(folder, spoken, written):
            yield replace(entry, source=OWN) if isinstance(entry, Utterance) else entry
        return
    if name not in SOURCES:
        raise ValueError(f"there is no corpus {name!r}; there are {', '.join((OWN, *sorted(SOURCES)))}")
    card = read_card(name)
    try:
        for entry in SOURCES[name](folder, spoken, written):
            if isinstance(entry, Utterance):
                entry = replace(entry, source=name, licence=entry.licence or card.licence)
            yield entry
    except NotObtained as error:
        raise NotObtained(f"{error}\n\n{how_to_obtain(card)}") from error


def how_to_obtain(card: Card) -> str:
    """What a card says to somebody who does not have the corpus."""
    account = "" if card.account == "none" else f"Before: {card.account}\n"
    return f"{card.title} ({card.licence}) is not downloaded for you.\n{account}{card.obtain.strip()}\nThe layout:\n{card.layout.strip()}"


def load_curated(
    name: str,
    folder: str | Path,
    cache: Path,
    rules: Rules = Rules(),
    spoken: str | None = None,
    written: str | None = None,
    progress: Progress = no_progress,
) -> Curated:
    """A corpus, listed and curated; see `listed` and `curate` for what may be wrong."""
    if not str(folder):
        what = "the path of a manifest" if name == OWN else f"where it lies. {how_to_obtain(read_card(name))}"
        raise ValueError(f"corpus={name} needs folder=, {what}")
    path = Path(os.path.abspath(Path(folder).expanduser()))
    root = path.parent if name == OWN else path
    return curate(name, root, listed(name, path, spoken, written), rules, cache, progress)


def corpus(curated: Curated, spoken: str | None = None) -> Corpus:
    """What is kept of a corpus, in the one shape that training takes.

    Raises:
        ValueError: a split of `spoken` has nothing left; says at which step the last of it was lost.
    """
    for split in SPLITS if spoken else ():
        rows = [row for row in curated.funnel if (row["language"], row["split"]) == (spoken, split)]
        if not rows or not rows[-1]["utterances"]:
            lost = next((row["step"] for row in rows if not row["utterances"]), None)
            why = f"the last of {rows[0]['utterances']} was left out at the step {lost!r}" if rows else "it lists none"
            raise ValueError(f"{curated.name} has no {split} utterance in {spoken}: {why}; see {curated.folder / 'findings.tsv'}")
    licences = sorted({utterance.licence or "not stated" for utterance in curated.store})
    return Corpus(
        name=curated.name,
        utterances=curated.store,
        hash=curated.store.hash,
        synthetic=curated.name == "phrasebook",
        licence=", ".join(licences),
        dropped=[Dropped(finding.id, finding.reason) for finding in curated.findings("dropped")],
    )


def checked(curated: Curated) -> list[Claim]:
    """The corpus's card held against it; a manifest of one's own has none, and only common mistakes are looked for."""
    return [defects.lengths(curated)] if curated.name == OWN else check(read_card(curated.name), curated)
