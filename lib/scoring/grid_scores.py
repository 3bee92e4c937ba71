"""The scores of a grid: each combination of levels over its seeds, and differences to one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lib.scoring.comparisons import (
    best_baseline,
    row_statistics,
    rows_of,
    score_runs,
    subtract_runs,
)
from lib.scoring.estimates import Estimate, Replicates, mean_over_pairs
from lib.scoring.outputs import OutputRow

Levels = tuple[str, ...]  # one of each factor, in the grid's order
Selector = Callable[[OutputRow], bool]


@dataclass(frozen=True, kw_only=True)
class GridScores:
    """What the points of a grid gave; points without a record are left out."""

    factors: tuple[str, ...]
    outputs: Mapping[Levels, Mapping[int, Sequence[OutputRow]]]  # of each seed, baselines too
    measures: Mapping[Levels, Mapping[int, Mapping[str, float]]] = field(default_factory=dict)
    reference: Levels = ()  # the level of each factor that others are compared with
    task: str = "ST"
    metric: str = "BLEU"
    missing: int = 0  # points without a record

    def first_seed(self, task: str = "") -> list[OutputRow]:
        """Trained systems' outputs of a task with each one's first seed, named by their levels."""
        return [
            replace(row, strategy=", ".join(levels))
            for levels, runs in self.outputs.items()
            for rows in self._by_direction(dict(list(runs.items())[:1]), task or self.task).values()
            for own in rows.values()
            for row in own
        ]

    def only(self, keep: Selector) -> GridScores:
        """The same of some outputs, such as those in one language."""
        outputs = {
            levels: {seed: [row for row in rows if keep(row)] for seed, rows in runs.items()}
            for levels, runs in self.outputs.items()
        }
        return replace(self, outputs=outputs)

    def score(self, levels: Levels, metric: str = "", task: str = "") -> Estimate | None:
        """The mean over seeds, and over language directions; None where nothing was scored.

        Args:
            metric, task: default: the grid's own.
        """
        found = self.replicates(levels, metric, task)
        return found.score() if found else None

    def replicates(self, levels: Levels, metric: str = "", task: str = "") -> Replicates | None:
        """`score` by seed."""
        runs = self.outputs.get(levels, {})
        found = [
            score_runs(own, metric or self.metric)
            for own in self._by_direction(runs, task or self.task).values()
        ]
        return mean_over_pairs(found) if found else None

    def difference(
        self, levels: Levels, factor: str = "", metric: str = "", task: str = ""
    ) -> Estimate | None:
        """The score minus that of the same levels with the reference level of one factor.

        Paired by clip and seed, over the seeds that both have.

        Args:
            factor: default: the first.

        Returns:
            None for the reference itself, and where a side was not scored.
        """
        found = self.differences(levels, factor, metric, task)
        return found.estimate() if found else None

    def differences(
        self, levels: Levels, factor: str = "", metric: str = "", task: str = ""
    ) -> Replicates | None:
        """`difference` by seed."""
        index = self.factors.index(factor or self.factors[0])
        other = (*levels[:index], self.reference[index], *levels[index + 1 :])
        runs, others = self.outputs.get(levels, {}), self.outputs.get(other, {})
        shared = [seed for seed in runs if seed in others]
        if other == levels or not shared:
            return None
        task, metric = task or self.task, metric or self.metric
        ours = self._by_direction({seed: runs[seed] for seed in shared}, task)
        theirs = self._by_direction({seed: others[seed] for seed in shared}, task)
        found = [
            subtract_runs(own, theirs[direction], metric)
            for direction, own in ours.items()
            if direction in theirs
        ]
        return mean_over_pairs(found) if found else None

    def baseline(self, levels: Levels, metric: str = "", task: str = "") -> float | None:
        """The score of the best baseline of its first seed, the mean over directions."""
        runs = self.outputs.get(levels, {})
        rows = next(iter(runs.values()), [])
        by_direction: dict[tuple[str, str], list[OutputRow]] = {}
        for row in rows:
            if row.system == "baseline" and row.task == (task or self.task):
                by_direction.setdefault((row.source, row.target), []).append(row)
        metric = metric or self.metric
        best = [
            row_statistics(rows_of(own, best_baseline(own, metric)), metric).corpus_score
            for own in by_direction.values()
        ]
        return sum(best) / len(best) if best else None

    def measure(self, levels: Levels, name: str) -> float | None:
        """The mean of a measure over the seeds; None where it was not taken."""
        runs = self.measures.get(levels, {}).values()
        values = [run[name] for run in runs if name in run]
        return sum(values) / len(values) if values else None

    def seeds(self, levels: Levels) -> list[int]:
        """The seeds of a combination that have a record."""
        return list(self.outputs.get(levels, {}))

    @staticmethod
    def _by_direction(
        runs: Mapping[int, Sequence[OutputRow]], task: str
    ) -> dict[tuple[str, str], dict[int, list[OutputRow]]]:
        """Trained systems' outputs of a task: direction -> seed -> rows, sorted by id."""
        found: dict[tuple[str, str], dict[int, list[OutputRow]]] = {}
        for seed, rows in runs.items():
            for row in rows:
                if row.system != "baseline" and row.task == task:
                    own = found.setdefault((row.source, row.target), {})
                    own.setdefault(seed, []).append(row)
        for own in found.values():
            for rows in own.values():
                rows.sort(key=lambda row: row.id)
        return found
