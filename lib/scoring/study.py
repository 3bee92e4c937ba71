"""A study: the same strategies on several language pairs with several seeds, from the hypotheses of all runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from lib.scoring.outputs import OutputRow
from lib.scoring.seeds import OverSeeds, mean_difference, mean_score
from lib.tasks import Task

Pair = tuple[str, str]  # source, target
Key = tuple[Pair, str, str, int]  # pair, task, strategy, seed


@dataclass
class Study:
    """What was said by every system, by pair, strategy and seed.

    Runs that share a system decode it again and say the same; the last of them is kept. Where they differ they were made by
    other recipes, or on other machines, and are named.
    """

    rows: dict[Key, list[OutputRow]]
    differ: list[str] = field(default_factory=list)  # systems of which two runs have other outputs, or other references
    profile: str = "plain"  # of the scores; see `lib.scoring.metrics.PROFILES`

    @classmethod
    def of(cls, said: Iterable[tuple[Pair, OutputRow]]) -> Study:
        """All rows of some runs but the baselines'.

        Args:
            said: each with the pair of its run, since a transcript does not tell which pair it was made for.
        """
        found: dict[Key, dict[str, OutputRow]] = {}
        differ: dict[str, None] = {}
        for pair, row in said:
            if row.system == "baseline":
                continue
            key = (pair, row.task, row.strategy, row.seed)
            before = found.setdefault(key, {}).get(row.id, row)
            if (before.hypothesis, before.reference) != (row.hypothesis, row.reference):
                differ[f"{row.strategy} {'→'.join(pair)} seed {row.seed}"] = None
            found[key][row.id] = row
        return cls({key: [group[name] for name in sorted(group)] for key, group in found.items()}, list(differ))

    def pairs(self, task: Task = Task.ST) -> list[Pair]:
        """The pairs that a task was measured on."""
        return list(dict.fromkeys(pair for pair, name, _, _ in sorted(self.rows) if name == task.value))

    def seeds(self, pair: Pair, strategy: str, task: Task = Task.ST) -> list[int]:
        """The seeds that a strategy was trained with on a pair."""
        return sorted(seed for p, name, s, seed in self.rows if (p, name, s) == (pair, task.value, strategy))

    def scored_as(self, profile: str) -> Study:
        """The same study under another scoring profile."""
        return replace(self, profile=profile)

    def score(self, pair: Pair, strategy: str, metric: str, task: Task = Task.ST, profile: str = "") -> OverSeeds | None:
        """The mean over seeds, or None where it was not measured.

        Args:
            profile: where it is not the study's own.
        """
        runs = [self.rows[pair, task.value, strategy, seed] for seed in self.seeds(pair, strategy, task)]
        if not runs:
            return None
        return mean_score(
            metric, _texts(runs), _references(runs), runs[0][0].target, [r.speaker for r in runs[0]], profile or self.profile
        )

    def gain(self, pair: Pair, ours: str, theirs: str, metric: str = "BLEU", task: Task = Task.ST) -> OverSeeds | None:
        """How much better one strategy is than another on a pair, over the seeds that both have; None where there is none."""
        shared = [seed for seed in self.seeds(pair, ours, task) if seed in self.seeds(pair, theirs, task)]
        if not shared:
            return None
        ones, others = ([self.rows[pair, task.value, name, seed] for seed in shared] for name in (ours, theirs))
        references = _references([*ones, *others])
        speakers = [row.speaker for row in ones[0]]
        return mean_difference(metric, _texts(ones), _texts(others), references, ones[0][0].target, speakers, self.profile)


def _texts(runs: Sequence[Sequence[OutputRow]]) -> list[list[str]]:
    return [[row.hypothesis for row in run] for run in runs]


def _references(runs: Sequence[Sequence[OutputRow]]) -> list[str]:
    """The references, which must be the same for all.

    Raises:
        ValueError: the runs were scored on other test sets, naming the first clip that differs.
    """
    first = {row.id: row.reference for row in runs[0]}
    for run in runs[1:]:
        other = {row.id: row.reference for row in run}
        if other != first:
            name = next(name for name in sorted(first.keys() | other.keys()) if first.get(name) != other.get(name))
            raise ValueError(
                f"{run[0].source}→{run[0].target}: {runs[0][0].strategy} and {run[0].strategy} (seed {run[0].seed}) were scored on "
                f"other test sets: {name} is {first.get(name)!r} and {other.get(name)!r}; run both on one corpus"
            )
    return list(first.values())
