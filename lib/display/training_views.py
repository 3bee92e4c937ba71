"""What the notebooks show of a training: what it costs and moves, and how the same clips were understood as it went on."""

from __future__ import annotations

from pathlib import Path

from lib.display.alignment import difference
from lib.display.html import Page, escape, table
from lib.display.player import player
from lib.files import read_json
from lib.training.log import Heard, read_listening

HEADS = {"items": "clips", "longest": "longest clip", "size": "its seconds (of text: hundreds of characters)"}


def rehearsal(folder: Path) -> Page:
    """The costliest batches, run once before the first update; what trains; and the parts that no gradient reached."""
    facts = read_json(folder / "rehearsal.json")
    missed = ", ".join(facts["no_gradient"])
    said = f"Set to train, but no gradient reached: {escape(missed)}" if missed else "A gradient reached every part that trains."
    batches = [{HEADS.get(name, name): value for name, value in row.items()} for row in facts["batches"]]
    return Page(f"{table(batches)}{table(facts['trains'])}<p>{said}</p>")


def listening(folder: Path) -> str:
    """Each listening example with what was said to it at every evaluation; wrong words are marked."""
    heard: dict[str, list[Heard]] = {}
    for entry in read_listening(folder):
        heard.setdefault(entry.id, []).append(entry)
    parts = []
    for entries in heard.values():
        first = entries[0]
        sound = player(first.audio) if first.audio else ""
        rows = [{"update": e.update, "said": difference(e.reference, e.hypothesis)} for e in _changes(entries)]
        parts.append(f"<p>{sound} <b>{escape(first.reference)}</b></p>{table(rows, frozenset({'said'}))}")
    return "".join(parts)


def _changes(entries: list[Heard]) -> list[Heard]:
    """The first, and each that differs from the one before."""
    return [e for index, e in enumerate(entries) if not index or e.hypothesis != entries[index - 1].hypothesis]
