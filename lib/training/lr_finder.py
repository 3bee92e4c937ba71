"""Learning rate range test: a short run with a rising learning rate, and the loss it gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn

from lib.data.collate import Collator
from lib.progress import Progress, no_progress
from lib.tasks import Example
from lib.training.batches import draw_batches, make_buckets
from lib.training.checkpoints import LoopState
from lib.training.distributed import Ranks
from lib.training.stages import Stage, freeze, make_optimizer, train_mode
from lib.training.step import take_step
from lib.training.weights import trained_weights

DIVERGENCE_FACTOR = 4.0  # the run stops at a smoothed loss so many times the least one
SMOOTHING = 0.9  # decay of the loss's moving average


@dataclass(frozen=True)
class LearningRateSearch:
    """The losses of `find_learning_rate`."""

    rates: list[float]
    losses: list[float]  # of each update
    smoothed: list[float]
    suggestion: float  # where the smoothed loss falls fastest

    @property
    def diverged_at(self) -> float | None:
        """The rate at which the loss diverged; None where it did not."""
        diverged = self.smoothed[-1] > DIVERGENCE_FACTOR * min(self.smoothed)
        return self.rates[-1] if diverged or not math.isfinite(self.losses[-1]) else None


def find_learning_rate(
    objective: nn.Module,
    stage: Stage,
    examples: Sequence[Example],
    collate: Collator,
    *,
    seed: int,
    min_rate: float = 1e-6,
    max_rate: float = 1.0,
    updates: int = 60,
    progress: Progress = no_progress,
    device: torch.device | str = "cpu",
) -> LearningRateSearch:
    """Raise the learning rate by a constant factor an update, and record the loss (Smith 2017).

    Weights and random generators are restored afterwards. Use the suggestion as the peak of a
    schedule with warm-up: the first updates of Adam are noisy.
    """
    ranks = Ranks(device)
    objective.to(ranks.device)
    freeze(objective, stage.frozen)
    own = trained_weights(objective)
    backup = {name: tensor.clone() for name, tensor in own.items()}
    stage = replace(stage, part_learning_rates=(), clip_norm=None)
    optimizer = make_optimizer(objective, stage)
    batches = draw_batches(make_buckets(examples, stage, collate, seed), LoopState(identity={}))
    rates, losses, smoothed, average = [], [], [], 0.0
    train_mode(objective)
    try:
        with torch.random.fork_rng():
            for update in range(updates):
                rate = min_rate * (max_rate / min_rate) ** (update / max(1, updates - 1))
                for group in optimizer.param_groups:
                    group["lr"] = rate
                drawn = [collate(next(batches)[1]) for _ in range(stage.accumulate)]
                step = take_step(objective, optimizer, drawn, stage, ranks, collate.cost)
                average = SMOOTHING * average + (1 - SMOOTHING) * step.loss
                rates.append(rate)
                losses.append(step.loss)
                smoothed.append(average / (1 - SMOOTHING ** (update + 1)))
                progress("trying learning rates", update + 1, updates)
                if not step.taken or smoothed[-1] > DIVERGENCE_FACTOR * min(smoothed):
                    break
    finally:
        with torch.no_grad():
            for name, tensor in own.items():
                tensor.copy_(backup[name])
        objective.eval()
    return LearningRateSearch(rates, losses, smoothed, _steepest(rates, smoothed))


def _steepest(rates: list[float], smoothed: list[float]) -> float:
    """The rate in the middle of the steepest fall before the least loss.

    A fall is measured over a sixth of the run, because neighbours differ mostly by their batches.
    """
    least, width = smoothed.index(min(smoothed)), max(1, len(smoothed) // 6)
    starts = range(min(max(1, least - width + 1), len(smoothed) - width))
    if not starts:
        return rates[0]
    steepest = min(starts, key=lambda start: smoothed[start + width] - smoothed[start])
    return rates[steepest + width // 2]
