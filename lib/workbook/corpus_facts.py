"""What a run's record keeps of a corpus that it used."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lib.utterance import Corpus

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
