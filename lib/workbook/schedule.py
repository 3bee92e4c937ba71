"""Decides which run starts next: dependencies, slots and memory. It starts no process itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ScheduledRun:
    """What the schedule needs to know of a run."""

    name: str
    after: frozenset[str] = frozenset()  # names of runs that must have ended; others do not count
    minutes: float = 0.0  # expected
    slots: int = 1
    memory_mb: float = 0.0  # needed


class Schedule:
    """Runs that wait, run or have ended, with a number of slots for those that run.

    Among the runs that may start, the first in the given order does. Where none runs, one starts
    even if it needs more slots or memory than there are.
    """

    def __init__(self, runs: Iterable[ScheduledRun], slots: int) -> None:
        self.waiting = {run.name: run for run in runs}
        self.running: dict[str, ScheduledRun] = {}
        self.slots = slots

    @property
    def ended(self) -> bool:
        """True where no run waits or runs."""
        return not self.waiting and not self.running

    def next_run(self, free_mb: float = math.inf) -> str | None:
        """The name of a run to start now, or None.

        Args:
            free_mb: memory that the running runs leave.
        """
        pending = self.waiting.keys() | self.running.keys()
        free_slots = self.slots - sum(run.slots for run in self.running.values())
        for run in self.waiting.values():
            fits = run.slots <= free_slots and run.memory_mb <= free_mb
            if not run.after & pending and (fits or not self.running):
                return run.name
        return None

    def start(self, name: str) -> None:
        """Move a run from waiting to running."""
        self.running[name] = self.waiting.pop(name)

    def end(self, name: str) -> None:
        """Remove a run that has ended, or that need not be made."""
        self.running.pop(name, None)
        self.waiting.pop(name, None)

    def minutes_left(self, elapsed: Mapping[str, float], pace: float = 1.0) -> float:
        """The expected minutes until every run has ended, by simulating the schedule.

        Args:
            elapsed: minutes since each running run started.
            pace: real minutes for each expected one.
        """
        future = Schedule(self.waiting.values(), self.slots)
        future.running = dict(self.running)
        left = {
            name: max(0.0, run.minutes * pace - elapsed.get(name, 0.0))
            for name, run in self.running.items()
        }
        clock = 0.0
        while not future.ended:
            while name := future.next_run():
                left[name] = future.waiting[name].minutes * pace
                future.start(name)
            first = min(left, key=left.__getitem__)
            step = left.pop(first)
            clock += step
            left = {name: minutes - step for name, minutes in left.items()}
            future.end(first)
        return clock
