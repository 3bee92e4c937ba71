"""Before training starts: the costliest batches run once, so that what would fail after an hour fails in its first seconds."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from lib.data.buckets import Buckets
from lib.data.collate import AugmentKey, Batch, Collator
from lib.data.store import input_size
from lib.files import write_json
from lib.training.log import peak_memory_mb
from lib.training.parallel import Ranks
from lib.training.stages import Stage, parameter_table, train_mode
from lib.training.step import fits, precision


@dataclass(frozen=True)
class Rehearsed:
    """How one batch went."""

    items: int
    longest: str  # id
    size: float  # of the longest: seconds, or hundreds of characters
    loss: float  # per target token
    seconds: float
    peak_memory_mb: float


def rehearse(
    objective: nn.Module,
    buckets: Buckets,
    collate: Collator,
    stage: Stage,
    ranks: Ranks,
    draw: AugmentKey | None,
    folder: Path,
) -> Batch:
    """Run the costliest batch of each kind, and the first of the first epoch, forward and backward; change nothing.

    What was measured goes to `folder`/rehearsal.json, with what trains and the parts that no gradient reached.

    Returns:
        The first of the batches that can be heard.

    Raises:
        DoesNotFit: a batch needs more memory than there is.
        ValueError: nothing of them can be heard, or the loss is not finite before the first update.
    """
    rows, first, reached = [], None, set()
    train_mode(objective)
    with torch.random.fork_rng():
        for part in [*buckets.costliest(), buckets.epoch(0)[0]]:
            batch = collate(part, draw)
            if batch is None:
                continue
            first, started = first or batch, time.monotonic()
            with fits(batch, stage):
                with precision(stage, ranks.device):
                    summed = objective(batch.to(ranks.device))
                summed.total.backward()
            loss, longest = summed.total.item() / max(summed.count, 1), max(batch.examples, key=input_size)
            if not math.isfinite(loss):
                raise ValueError(
                    f"stage {stage.name!r}: the loss is {loss} before the first update, for a batch with {longest.id}; "
                    "look at the weights that training starts from and at that batch's audio and text"
                )
            reached |= {name for name, p in objective.named_parameters() if p.grad is not None}
            objective.zero_grad(set_to_none=True)
            rows.append(Rehearsed(len(batch.examples), longest.id, round(input_size(longest), 3), round(loss, 4),
                                  round(time.monotonic() - started, 3), round(peak_memory_mb(), 1)))  # fmt: skip
    if first is None:
        some = list(collate.dropped.values())[:3]
        raise ValueError(f"stage {stage.name!r}: no audio can be heard; first: {'; '.join(entry.reason for entry in some)}")
    missed = sorted({".".join(n.split(".")[:4]) for n, p in objective.named_parameters() if p.requires_grad and n not in reached})
    if ranks.first:
        facts = {"batches": [asdict(row) for row in rows], "trains": parameter_table(objective), "no_gradient": missed}
        write_json(folder / "rehearsal.json", facts)
    return first
