"""Progress callbacks of long computations, and callbacks that do nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[str, int, int], None]  # what is being done, how much is done, of how much


def no_progress(_what: str, _done: int, _total: int) -> None:
    """A `Progress` that does nothing."""


@dataclass(frozen=True, kw_only=True)
class TrainingProgress:
    """The state of a training loop after an update."""

    stage: str
    update: int
    updates: int  # of the whole stage
    loss: float  # mean over the update's target tokens
    best_score: float | None  # on the development set, so far
    seconds_left: float  # in this stage, at most
    score: float | None = None  # on the development set, where this update was evaluated


TrainingCallback = Callable[[TrainingProgress], None]


def no_callback(_progress: TrainingProgress) -> None:
    """A `TrainingCallback` that does nothing."""
