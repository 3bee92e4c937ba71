"""Mixtures of tasks: how often each is seen in training."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from lib.tasks import Example


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """The share of each task, from the size of its data.

    Raises:
        ValueError: a negative temperature or weight.
    """

    # shares are proportional to size ** (1 / temperature); 1: natural, as IT-IST; 0: balanced
    temperature: float = 1.0
    weights: tuple[tuple[str, float], ...] = ()  # (task, factor of its share); others have 1

    def __post_init__(self) -> None:
        if self.temperature < 0 or any(weight < 0 for _, weight in self.weights):
            raise ValueError(f"{self}: temperature and weights must not be negative")

    def shares(self, sizes: dict[str, int]) -> dict[str, float]:
        """The share of each task.

        Raises:
            ValueError: a weight is for a task that has no data, or nothing is left.
        """
        factors = dict(self.weights)
        if unknown := sorted(factors.keys() - sizes.keys()):
            raise ValueError(f"{self}: no data of {', '.join(unknown)}; there is of {list(sizes)}")
        power = 1 / self.temperature if self.temperature else 0.0
        parts = {task: size**power * factors.get(task, 1.0) for task, size in sizes.items()}
        if not (total := sum(parts.values())):
            raise ValueError(f"{self}: nothing is left to train on")
        return {task: part / total for task, part in parts.items()}

    def draw(self, by_task: Sequence[Sequence[Example]], seed: int) -> list[Example]:
        """As many examples as there are, in these shares: each of a task as often as another."""
        groups = {own[0].task.name: own for own in by_task if own}
        total = sum(map(len, groups.values()))
        drawn: list[Example] = []
        for task, share in self.shares({task: len(own) for task, own in groups.items()}).items():
            own, wanted = groups[task], round(share * total)
            drawn += list(own) * (wanted // len(own))
            drawn += random.Random(f"{seed}/{task}").sample(own, wanted % len(own))
        return drawn


NATURAL, BALANCED = Mixture(), Mixture(temperature=0.0)
