"""A learning rate finder: a short run whose rate rises from far too small to far too large, and what the loss made of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn

from lib.data.buckets import Buckets
from lib.data.collate import Collator
from lib.data.store import sizes_and_kinds
from lib.tasks import Example
from lib.training.checkpoints import trained_weights
from lib.training.parallel import Ranks
from lib.training.stages import Stage, freeze, optimizer_of, train_mode
from lib.training.step import take_step

DIVERGED = 4.0  # times the least loss so far: where the run stops


@dataclass(frozen=True)
class LearningRateSearch:
    """What `find_rate` saw."""

    rates: list[float]
    losses: list[float]  # per token, of each update as it came
    smoothed: list[float]
    suggestion: float  # where the smoothed loss falls fastest

    @property
    def diverged_at(self) -> float | None:
        """The rate at which the loss ran away; None where it did not."""
        return self.rates[-1] if self.smoothed[-1] > DIVERGED * min(self.smoothed) or not math.isfinite(self.losses[-1]) else None


def find_learning_rate(
    objective: nn.Module,
    stage: Stage,
    examples: Sequence[Example],
    collate: Collator,
    *,
    seed: int,
    lowest: float = 1e-6,
    highest: float = 1.0,
    updates: int = 60,
    progress: Callable[[str, int, int], None] = lambda what, done, of: None,
    device: torch.device | str = "cpu",
) -> LearningRateSearch:
    """Raise the learning rate from `lowest` to `highest`, a constant factor an update, and watch the loss (Smith 2017).

    The weights, and all chance, are as they were afterwards. The schedule's warm-up exists since the first updates of
    Adam are wild; so take the suggestion as a peak for a schedule with one.
    """
    ranks = Ranks(device)
    objective.to(ranks.device)
    freeze(objective, stage.frozen)
    own = trained_weights(objective)
    kept = {name: tensor.clone() for name, tensor in own.items()}
    plain = replace(stage, rates=(), clip=None)
    optimizer = optimizer_of(objective, plain)
    sizes, kinds = sizes_and_kinds(examples)
    buckets = Buckets(examples, sizes, stage.batch_seconds, stage.batch_most, seed, kinds)
    batches = (buckets.epoch(number)[index] for number in range(updates) for index in range(len(buckets.epoch(number))))
    rates, losses, smoothed, running = [], [], [], 0.0
    try:
        train_mode(objective)
        with torch.random.fork_rng():
            for update in range(updates):
                rate = lowest * (highest / lowest) ** (update / max(1, updates - 1))
                for group in optimizer.param_groups:
                    group["lr"] = rate
                step = take_step(objective, optimizer, [collate(next(batches)) for _ in range(stage.accumulate)], plain, ranks)
                running = 0.9 * running + 0.1 * step.loss
                rates.append(rate)
                losses.append(step.loss)
                smoothed.append(running / (1 - 0.9 ** (update + 1)))
                progress("trying learning rates", update + 1, updates)
                if not step.taken or smoothed[-1] > DIVERGED * min(smoothed):
                    break
    finally:
        with torch.no_grad():
            for name, tensor in own.items():
                tensor.copy_(kept[name])
        objective.eval()
    return LearningRateSearch(rates, losses, smoothed, _steepest(rates, smoothed))


def _steepest(rates: list[float], smoothed: list[float]) -> float:
    """The rate in the middle of the steepest fall before the least loss.

    A fall is measured over a sixth of the search: batches differ, and the difference of two neighbours is mostly that.
    """
    least, wide = smoothed.index(min(smoothed)), max(1, len(smoothed) // 6)
    falls = [
        smoothed[index + wide] - smoothed[index] for index in range(max(1, least - wide + 1)) if index + wide < len(smoothed)
    ]
    return rates[falls.index(min(falls)) + wide // 2] if falls else rates[0]
