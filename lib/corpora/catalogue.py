"""Corpora by name: list, curate, check against the data card, and convert for training."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lib.corpora import defects
from lib.corpora.cards import Card, check_card, read_card
from lib.corpora.curation.curate import Curated, curate
from lib.corpora.curation.rules import Rules
from lib.corpora.defects import CardCheck
from lib.corpora.sources import SOURCES, own
from lib.corpora.sources.reading import NotObtained
from lib.files import content_hash
from lib.languages import language
from lib.progress import Progress, no_progress
from lib.utterance import SPLITS, Corpus, Dropped, Finding, Utterance

OWN = "own"  # the name of a corpus that the user's own manifest lists


def list_corpus(
    name: str, folder: Path, spoken: str | None = None, written: str | None = None
) -> Iterator[Utterance | Finding]:
    """List the utterances of a corpus, each with its source and licence.

    Args:
        name: of a source, or "own".
        folder: of the corpus, or the path of the user's manifest.
        spoken: ISO 639-3; None lists every language.
        written: language of the translations; None lists all.

    Raises:
        ValueError: unknown corpus, or unknown language.
        NotObtained: the corpus is not there; the message tells how to obtain it.
        lib.corpora.sources.own.BadManifest: the manifest cannot be used.
    """
    for code in (spoken, written):
        if code:
            language(code)
    if name == OWN:
        for entry in map(_writable, own.read(folder, spoken, written)):
            yield replace(entry, source=OWN) if isinstance(entry, Utterance) else entry
        return
    if name not in SOURCES:
        known = ", ".join((OWN, *sorted(SOURCES)))
        raise ValueError(f"there is no corpus {name!r}; there are {known}")
    card = read_card(name)
    try:
        for entry in map(_writable, SOURCES[name](folder, spoken, written)):
            if isinstance(entry, Utterance):
                entry = replace(entry, source=name, licence=entry.licence or card.licence)
            yield entry
    except NotObtained as error:
        raise NotObtained(f"{error}\n\n{how_to_obtain(card)}") from error


def _writable(entry: Utterance | Finding) -> Utterance | Finding:
    """The entry, or a finding about an utterance that no list could hold or no path could name.

    File names may have bytes that are not UTF-8, and lists characters that no file name can have.
    """
    if isinstance(entry, Finding):
        return replace(entry, **{key: _visible(str(text)) for key, text in vars(entry).items()})
    texts = (*entry.texts, *entry.texts.values(), entry.question, *entry.answers)
    names = (entry.id, str(entry.audio), entry.speaker, entry.gender, entry.meaning, entry.origin)
    strings = (*names, *texts, entry.licence)
    numbers = [entry.seconds] + ([] if entry.start is None else [entry.start])
    if "\0" in names[1]:
        problem, remedy = f"{names[1]!r} is not the name of a file", "correct the line"
    elif any(map(math.isinf, numbers)):
        problem, remedy = "a time is infinite", "write seconds, such as 3.25"
    elif _visible(joined := "\n".join(strings)) != joined:
        bad = next(text for text in strings if _visible(text) != text)
        problem = f"{_visible(bad)!r:.200} has bytes that are not UTF-8"
        remedy = "rename the file or folder, or save the list as UTF-8"
    else:
        return entry
    return Finding(
        step="file",
        id=_visible(entry.id),
        origin=_visible(entry.origin),
        problem=problem,
        remedy=remedy,
    )


def _visible(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def how_to_obtain(card: Card) -> str:
    """Instructions for obtaining a corpus, from its card."""
    lines = [f"{card.title} ({card.licence}) is not downloaded for you."]
    if card.account != "none":
        lines.append(f"Before: {card.account}")
    return "\n".join([*lines, card.obtain.strip(), "The layout:", card.layout.strip()])


def load_curated(
    name: str,
    folder: str | Path,
    cache: Path,
    rules: Rules = Rules(),
    spoken: str | None = None,
    written: str | None = None,
    progress: Progress = no_progress,
) -> Curated:
    """List and curate a corpus; see `list_corpus` and `curate` for the arguments and errors."""
    if not str(folder):
        if name == OWN:
            raise ValueError("corpus=own needs folder=, the path of a manifest")
        hint = how_to_obtain(read_card(name))
        raise ValueError(f"corpus={name} needs folder=, the folder of the corpus. {hint}")
    path = Path(os.path.abspath(Path(folder).expanduser()))
    root = path.parent if name == OWN else path
    return curate(name, root, list_corpus(name, path, spoken, written), rules, cache, progress)


def to_corpus(curated: Curated, spoken: str | None = None) -> Corpus:
    """Convert a curated corpus for training.

    Raises:
        ValueError: a split of `spoken` is empty; the message names the step that emptied it.
    """
    for split in SPLITS if spoken else ():
        rows = [r for r in curated.funnel if (r["language"], r["split"]) == (spoken, split)]
        if not rows or not rows[-1]["utterances"]:
            reason = "the corpus lists none"
            if rows:
                step = next(row["step"] for row in rows if not row["utterances"])
                reason = f"the last of {rows[0]['utterances']} was dropped at the step {step!r}"
            raise ValueError(
                f"{curated.name} has no {split} utterance in {spoken}: {reason}; "
                f"see {curated.folder / 'findings.tsv'}"
            )
    licences = sorted({utterance.licence or "not stated" for utterance in curated.store})
    return Corpus(
        name=curated.name,
        utterances=curated.store,
        # what is trained on other sound is another system, also where the lists are the same
        hash=content_hash([curated.store.hash, curated.audio_hash]),
        synthetic=curated.name == "phrasebook",
        licence=", ".join(licences),
        dropped=[Dropped(finding.id, finding.reason) for finding in curated.findings("dropped")],
    )


def check_corpus(curated: Curated) -> list[CardCheck]:
    """Check a corpus against its card; a user's own manifest only for common mistakes."""
    if curated.name == OWN:
        return [defects.check_lengths(curated)]
    return check_card(read_card(curated.name), curated)
