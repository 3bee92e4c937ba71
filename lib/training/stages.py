"""A stage of a recipe: what trains, how fast, how long, and when it is good enough."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class Stage:
    """One stage of training, as a recipe declares it."""

    name: str
    updates: int  # at most
    learning_rate: float
    warmup: int  # updates of linear rise
    schedule: str = "inverse_sqrt"  # or "cosine": to zero at `updates`; "constant"
    batch_seconds: float = 96.0  # longest x count of a batch; text counts 100 characters as a second
    batch_most: int = 32  # items
    accumulate: int = 1  # batches an update
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.0
    clip: float | None = None  # of the gradient's norm
    label_smoothing: float = 0.0
    evaluate_every: int = 0  # updates; 0 evaluates at the end only
    patience: int = 10  # evaluations without a better score before stopping
    frozen: tuple[str, ...] = ()  # regular expressions of parameter names that do not train

    def rate(self, update: int) -> float:
        """The learning rate of an update, counted from 1."""
        if update < self.warmup:
            return self.learning_rate * update / self.warmup
        if self.schedule == "inverse_sqrt":
            return self.learning_rate * math.sqrt(max(self.warmup, 1) / update)
        if self.schedule == "cosine":
            share = (update - self.warmup) / max(1, self.updates - self.warmup)
            return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
        if self.schedule == "constant":
            return self.learning_rate
        raise ValueError(f"stage {self.name!r} has schedule {self.schedule!r}; known are inverse_sqrt, cosine, constant")


def freeze(model: nn.Module, patterns: Iterable[str]) -> None:
    """Let every parameter train but those whose name matches a pattern.

    Raises:
        ValueError: where a pattern matches nothing, which would train what was meant to be frozen.
    """
    patterns = list(patterns)
    for pattern in patterns:
        if not any(re.search(pattern, name) for name, _ in model.named_parameters()):
            raise ValueError(f"nothing to freeze: no parameter's name matches {pattern!r}")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not any(re.search(pattern, name) for pattern in patterns))


def parameter_table(model: nn.Module) -> list[dict[str, object]]:
    """What trains: a row for each part of the model with its parameters, all and trainable."""
    rows: dict[str, dict[str, object]] = {}
    for name, parameter in model.named_parameters():
        part = ".".join(name.split(".")[:2])
        row = rows.setdefault(part, {"part": part, "parameters": 0, "trainable": 0})
        row["parameters"] += parameter.numel()
        row["trainable"] += parameter.numel() * parameter.requires_grad
    return list(rows.values())
