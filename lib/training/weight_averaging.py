"""Averages of weights over time: a moving one while training goes on, and one of the best evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from lib.training.checkpoints import Tensors, load_tensors, trained_weights


class MovingAverage:
    """An exponential moving average of what trains.

    Args:
        decay: of the average; in the first updates less, `(1 + n) / (10 + n)`, so that the random start is soon forgotten.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.module, self.decay = module, decay
        self.weights: Tensors = {name: tensor.clone() for name, tensor in trained_weights(module).items()}

    def update(self, number: int) -> None:
        """Take the weights after update `number` in."""
        own = trained_weights(self.module)
        share = 1 - min(self.decay, (1 + number) / (10 + number))
        torch._foreach_lerp_(list(self.weights.values()), [own[name] for name in self.weights], share)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The module has the average's weights inside the block, and its own again after it."""
        own = trained_weights(self.module)
        kept = {name: tensor.clone() for name, tensor in own.items()}
        try:
            for name, tensor in own.items():
                tensor.copy_(self.weights[name])
            yield
        finally:
            for name, tensor in own.items():
                tensor.copy_(kept[name])


def mean_of(paths: Sequence[Path]) -> Tensors:
    """The mean of the weights in several files, one file in memory at a time."""
    total = {name: tensor.float() for name, tensor in load_tensors(paths[0]).items()}
    for path in paths[1:]:
        for name, tensor in load_tensors(path).items():
            total[name] += tensor
    return {name: tensor / len(paths) for name, tensor in total.items()}
