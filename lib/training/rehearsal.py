"""Rehearsal before training: the costliest batches run once, so that most errors show at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from lib.data.batch import Batch
from lib.data.buckets import Buckets
from lib.data.collate import AugmentKey, Collator
from lib.files import Damaged, read_json, write_json
from lib.tasks import Example
from lib.training.checkpoints import Training
from lib.training.footprint import OperationCounter
from lib.training.log import peak_memory_mb
from lib.training.stages import parameter_table, train_mode
from lib.training.step import batch_loss, explain_out_of_memory


@dataclass(frozen=True, kw_only=True)
class RehearsedBatch:
    """The measurements of one batch."""

    examples: int
    costliest: str  # id
    cost: float  # of the costliest example, as the model defines it
    loss: float
    seconds: float
    peak_memory_mb: float
    operations: float  # of forward and backward; a multiply and an add are two


def rehearse(
    training: Training, buckets: Buckets, collate: Collator, augment_key: AugmentKey | None
) -> Batch:
    """Run the costliest batch of each kind and the first batch, forward and backward.

    Nothing is changed. Writes `rehearsal.json`: the measurements, the trainable parameters, and the
    trainable parts that no gradient reached.

    Returns:
        The first batch with usable audio.

    Raises:
        DoesNotFit: a batch needs more memory than there is.
        ValueError: no audio is usable, or the loss is not finite before the first update.
    """
    stage, objective = training.stage, training.objective
    rows, first, reached = [], None, set()
    train_mode(objective)
    with torch.random.fork_rng():
        for examples in [*buckets.costliest(), buckets.epoch(0)[0]]:
            batch = collate(examples, augment_key)
            if batch is not None:
                first = first or batch
                rows.append(_rehearse_batch(training, batch, collate.cost))
                named = objective.named_parameters()
                reached |= {name for name, p in named if p.grad is not None}
                objective.zero_grad(set_to_none=True)
    if first is None:
        reasons = "; ".join(dropped.reason for dropped in list(collate.dropped.values())[:3])
        raise ValueError(f"stage {stage.name!r}: no audio is usable; first reasons: {reasons}")
    missed = {
        ".".join(name.split(".")[:4])
        for name, parameter in objective.named_parameters()
        if parameter.requires_grad and name not in reached
    }
    if training.ranks.is_main:
        facts = {
            "batches": [asdict(row) for row in rows],
            "trains": parameter_table(objective),
            "no_gradient": sorted(missed),
        }
        write_json(training.folder / "rehearsal.json", facts)
    return first


def _rehearse_batch(
    training: Training, batch: Batch, cost: Callable[[Example], float]
) -> RehearsedBatch:
    stage, started = training.stage, time.monotonic()
    with explain_out_of_memory(batch, stage, cost), OperationCounter() as counter:
        total, count = batch_loss(training.objective, batch, stage, training.ranks.device)
        total.backward()
    loss, costliest = total.item() / max(count, 1), max(batch.examples, key=cost)
    if not math.isfinite(loss):
        raise ValueError(
            f"stage {stage.name!r}: the loss is {loss} before the first update, for a batch with "
            f"{costliest.id}; check the initial weights, and that batch's audio and text"
        )
    return RehearsedBatch(
        examples=len(batch.examples),
        costliest=costliest.id,
        cost=round(cost(costliest), 3),
        loss=round(loss, 4),
        seconds=round(time.monotonic() - started, 3),
        peak_memory_mb=round(peak_memory_mb(), 1),
        operations=counter.operations,
    )


def operations_per_cost(folder: Path) -> float:
    """Operations of a batch for each unit of its cost, by the rehearsal; 0: it is not known."""
    try:
        rows = read_json(folder / "rehearsal.json")["batches"]
        found = [row["operations"] / (row["examples"] * row["cost"]) for row in rows]
    except (OSError, KeyError, TypeError, ZeroDivisionError, Damaged):  # of an older version
        return 0.0
    return sum(found) / max(1, len(found))
