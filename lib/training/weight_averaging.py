"""Averages of weights over time: an exponential moving average, and a mean of several files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from lib.training.weights import Tensors, load_tensors, trained_weights


class MovingAverage:
    """An exponential moving average of the trainable weights.

    Args:
        decay: at most; update n uses `(1 + n) / (10 + n)` where that is less, so that the initial
            weights are soon forgotten.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.module, self.decay = module, decay
        self.weights: Tensors = {k: t.clone() for k, t in trained_weights(module).items()}

    def update(self, number: int) -> None:
        """Add the weights after update `number`, counted from 1."""
        own = trained_weights(self.module)
        share = 1 - min(self.decay, (1 + number) / (10 + number))
        torch._foreach_lerp_(list(self.weights.values()), [own[k] for k in self.weights], share)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Inside the block the module has the average's weights; afterwards its own again."""
        own = trained_weights(self.module)
        backup = {name: tensor.clone() for name, tensor in own.items()}
        try:
            for name, tensor in own.items():
                tensor.copy_(self.weights[name])
            yield
        finally:
            for name, tensor in own.items():
                tensor.copy_(backup[name])


def mean_of_files(paths: Sequence[Path]) -> Tensors:
    """The mean of the weights in several files; one file is in memory at a time."""
    total = {name: tensor.float() for name, tensor in load_tensors(paths[0]).items()}
    for path in paths[1:]:
        for name, tensor in load_tensors(path).items():
            total[name] += tensor
    return {name: tensor / len(paths) for name, tensor in total.items()}
