"""What trained, at what cost, and how outputs changed during training."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from lib.display.alignment import mark_errors
from lib.display.html import Page, escape, note, table
from lib.display.player import player
from lib.files import read_json
from lib.languages import language
from lib.training.log import LISTENING_EXAMPLES, DevelopmentOutput, read_listening
from lib.training.stages import parameter_table

if TYPE_CHECKING:
    from lib.training.finished import FitResult


def parameters(model: nn.Module) -> Page:
    """Parameters of each part of a model, and how many of them train."""
    rows = parameter_table(model)
    total = {name: sum(row[name] for row in rows) for name in ("parameters", "trainable")}
    return Page(table([*rows, {"part": "all", **total}]))


def changed_parts(before: nn.Module, after: nn.Module) -> Page:
    """Which parts of a model training has changed; of the others, all weights are equal to the bit.

    Args:
        before, after: models with the same `parts`.
    """
    old, rows = before.state_dict(), []
    for part, modules in after.parts.items():
        prefixes = tuple(f"{module}." for module in modules)
        own = {name: w for name, w in after.state_dict().items() if name.startswith(prefixes)}
        changed = sum(not torch.equal(old[name].cpu(), w.cpu()) for name, w in own.items())
        rows.append(
            {
                "part": part.replace("_", " "),
                "tensors": len(own),
                "changed": changed,
                "equal to the bit": "no" if changed else "yes",
            }
        )
    return Page(table(rows))


def seen_languages(codes: Sequence[str], seen: Collection[str]) -> Page:
    """Which languages the backbone was trained on.

    Args:
        codes: ISO 639-3 codes to report.
        seen: codes of the backbone's training data.
    """
    names = [
        f"{language(code).name} is {'seen' if code in seen else 'unseen'}" for code in codes
    ]
    return note(f"{'; '.join(names)}. The backbone was trained on {', '.join(seen)}.")


def rehearsal(folder: Path) -> Page:
    """The costliest batches, run before the first update; what trains; parts without a gradient.

    Args:
        folder: of a trained stage.
    """
    facts = read_json(folder / "rehearsal.json")
    missed = ", ".join(facts["no_gradient"])
    gradients = f"trainable, but without a gradient: {missed}" if missed else "none is missing"
    batches = [
        {name.replace("_", " "): value for name, value in row.items()} for row in facts["batches"]
    ]
    return Page(f"{table(batches)}{table(facts['trains'])}<p>Gradients: {escape(gradients)}.</p>")


def listening(folder: Path) -> Page:
    """The outputs for a few development examples at each evaluation where they changed.

    Args:
        folder: of a trained stage.
    """
    examples: dict[tuple[str, str, str], list[DevelopmentOutput]] = {}
    for entry in read_listening(folder):
        examples.setdefault((entry.id, entry.task, entry.target), []).append(entry)
    parts = []
    for entries in list(examples.values())[:LISTENING_EXAMPLES]:
        first = entries[0]
        sound = player(first.audio) if first.audio else ""
        rows = [
            {"update": entry.update, "output": mark_errors(entry.reference, entry.hypothesis)}
            for entry in _changes(entries)
        ]
        heading = f"<p>{sound} <b>{escape(first.reference)}</b></p>"
        parts.append(heading + table(rows, frozenset({"output"})))
    return Page("".join(parts))


def _changes(entries: Sequence[DevelopmentOutput]) -> list[DevelopmentOutput]:
    """The first entry, and each whose hypothesis differs from the previous one."""
    changes = list(entries[:1])
    for entry in entries[1:]:
        if entry.hypothesis != changes[-1].hypothesis:
            changes.append(entry)
    return changes


def endings(results: Mapping[str, FitResult]) -> Page:
    """Where each training ended and why, and where its best weights are from."""
    rows = [
        {
            "system": name,
            "updates": result.updates,
            "best at update": result.best_update,
            "ended by": result.stopped_by,
        }
        for name, result in results.items()
    ]
    return Page(table(rows))
