"""What a run's record keeps of corpora: facts of those that it used, a stamp of those on disk."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lib.content import Contents, files_below
from lib.corpora.sources import own
from lib.systems.parameters import input_paths
from lib.utterance import Corpus, Utterance
from lib.workbook.paths import cache

MAX_DROPPED_LISTED = 100  # utterances whose reasons stand in the record


def corpus_facts(corpus: Corpus) -> dict[str, Any]:
    """A corpus as an entry of a record's `data`, with what was left out of it."""
    return {
        "name": corpus.name,
        "hash": corpus.hash,
        "synthetic": corpus.synthetic,
        "licence": corpus.licence,
        "utterances": len(corpus.utterances),
        "hours": round(corpus.hours(), 4),
        "dropped": len(corpus.dropped),
        "dropped_because": [asdict(entry) for entry in corpus.dropped[:MAX_DROPPED_LISTED]],
    }


def corpus_line(facts: dict[str, Any]) -> str:
    """The same in a line, with the first reason why something was left out."""
    kind = "synthetic speech" if facts["synthetic"] else "recordings"
    text = f"{facts['name']}: {facts['utterances']:,} utterances, "
    text += f"{facts['hours']:.2f} h of {kind}."
    if dropped := facts["dropped_because"]:
        text += f" {facts['dropped']} left out, the first: {dropped[0]['reason']}"
    return text


def corpus_stamp(parameters: Mapping[str, Any]) -> str:
    """The content of what the parameters of a run name on disk: corpora, and rating sheets.

    Returns:
        A hash of each, of all files in a folder, or of a manifest and the audio that it lists;
        "none" where there is nothing.
    """
    paths = [Path(path).expanduser().absolute() for path in input_paths(parameters)]
    if not any(path.exists() for path in paths):
        return "none"
    with Contents(cache()) as contents:
        return "-".join(_stamp(path, contents) for path in paths)


def _stamp(path: Path, contents: Contents) -> str:
    if not path.exists():
        return "none"
    if path.is_dir():
        return contents.hash_of_all(files_below(path), path)
    return contents.hash_of_all([path, *_listed(path)], path.parent)


def _listed(manifest: Path) -> Iterator[Path]:
    """The audio files that a manifest lists; none where it cannot be used."""
    with contextlib.suppress(ValueError, OSError):
        for entry in own.read(manifest):
            if isinstance(entry, Utterance):
                yield entry.audio
