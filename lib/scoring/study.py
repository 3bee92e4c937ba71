"""A study: the strategies of one or more systems on several language pairs, with several seeds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from lib.scoring.comparisons import score_runs, subtract_runs
from lib.scoring.estimates import Estimate, Replicates
from lib.scoring.outputs import OutputRow

Direction = tuple[str, str]  # source and target language, ISO 639-3


class StudyKey(NamedTuple):
    """One training run under one task."""

    system: str
    direction: Direction
    task: str
    strategy: str
    seed: int


@dataclass(frozen=True)
class Study:
    """Outputs by system, direction, task, strategy and seed; rows are sorted by utterance id.

    Several runs may decode one trained system. The last outputs count; where runs disagree, the
    system is listed in `conflicts`.
    """

    rows: dict[StudyKey, list[OutputRow]]
    conflicts: list[str] = field(default_factory=list)  # systems whose runs have different outputs
    profile: str = "plain"  # a name in `lib.scoring.metrics.PROFILES`

    @classmethod
    def of(cls, rows_with_direction: Iterable[tuple[Direction, OutputRow]]) -> Study:
        """Collect the rows of finished runs; those of baselines are left out.

        Args:
            rows_with_direction: each row with the direction of its run, oldest run first. A
                translation's direction is read from the row; a transcript belongs to its run's.
        """
        found: dict[StudyKey, dict[str, OutputRow]] = {}
        conflicts: dict[str, None] = {}
        for run_direction, row in rows_with_direction:
            if row.system == "baseline":
                continue
            is_transcript = row.source == row.target
            direction = run_direction if is_transcript else (row.source, row.target)
            key = StudyKey(row.system, direction, row.task, row.strategy, row.seed)
            before = found.setdefault(key, {}).get(row.id, row)
            if (before.hypothesis, before.reference) != (row.hypothesis, row.reference):
                conflicts[f"{row.strategy} {'→'.join(direction)} seed {row.seed}"] = None
            found[key][row.id] = row
        by_id = {key: [rows[id] for id in sorted(rows)] for key, rows in found.items()}
        return cls(by_id, list(conflicts))

    def of_system(self, system: str) -> Study:
        """Return the part of the study that is about one system."""
        return replace(
            self, rows={key: rows for key, rows in self.rows.items() if key.system == system}
        )

    def with_profile(self, profile: str) -> Study:
        """Return the same study under another scoring profile."""
        return replace(self, profile=profile)

    def directions(self, task: str = "ST") -> list[Direction]:
        """Return the directions that have outputs of a task."""
        return sorted({key.direction for key in self.rows if key.task == task})

    def seeds(self, direction: Direction, strategy: str, task: str = "ST") -> list[int]:
        """Return the seeds of a strategy on a direction."""
        return list(self._runs(direction, strategy, task))

    def score(
        self,
        direction: Direction,
        strategy: str,
        metric: str,
        task: str = "ST",
        profile: str | None = None,
    ) -> Estimate | None:
        """Return the mean score over seeds, or None where there is no run.

        Args:
            profile: None for the study's own.

        Raises:
            ValueError: see `gain`.
        """
        runs = self._runs(direction, strategy, task)
        return score_runs(runs, metric, profile or self.profile).score() if runs else None

    def gain(
        self,
        direction: Direction,
        strategy: str,
        over: str,
        metric: str = "BLEU",
        task: str = "ST",
    ) -> Estimate | None:
        """Return the score of a strategy minus that of another, over the seeds that both have.

        Returns:
            None where they share no seed.

        Raises:
            ValueError: see `gains`.
        """
        found = self.gains(direction, strategy, over, metric, task)
        return found.estimate() if found else None

    def gains(
        self,
        direction: Direction,
        strategy: str,
        over: str,
        metric: str = "BLEU",
        task: str = "ST",
    ) -> Replicates | None:
        """Return `gain` by seed.

        Raises:
            ValueError: runs have different test sets, or several systems have the strategy.
        """
        runs = self._runs(direction, strategy, task)
        other_runs = self._runs(direction, over, task)
        seeds = [seed for seed in runs if seed in other_runs]
        if not seeds:
            return None
        return subtract_runs(
            {seed: runs[seed] for seed in seeds},
            {seed: other_runs[seed] for seed in seeds},
            metric,
            self.profile,
        )

    def _runs(
        self, direction: Direction, strategy: str, task: str
    ) -> dict[int, list[OutputRow]]:
        """Return the outputs of a strategy by seed, in ascending order."""
        wanted = (direction, task, strategy)
        keys = sorted(k for k in self.rows if (k.direction, k.task, k.strategy) == wanted)
        systems = sorted({key.system for key in keys})
        if len(systems) > 1:
            raise ValueError(
                f"{'→'.join(direction)}: strategy {strategy!r} exists in systems "
                f"{', '.join(systems)}; choose one with Study.of_system"
            )
        return {key.seed: self.rows[key] for key in keys}
