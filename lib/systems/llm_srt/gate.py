"""Gates between stages: a stage that has not learnt says so before hours go into the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib.scoring.baselines import constant
from lib.scoring.metrics import statistics
from lib.tasks import examples

if TYPE_CHECKING:
    from lib.systems.experiment import Experiment
    from lib.systems.outputs import TrainedSystem


class StageNotLearnt(ValueError):
    """A stage is hardly better than a constant output."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A stage's score on the development set, beside what needs no input."""

    strategy: str
    metric: str
    score: float
    constant: float  # of the best constant output of each task and direction
    points: float  # by which the score has to be higher

    @property
    def passed(self) -> bool:
        return self.score >= self.constant + self.points

    def __str__(self) -> str:
        verdict = "passed" if self.passed else "NOT passed"
        return (
            f"{self.strategy}: {verdict}; {self.metric} {self.score:.1f} on the development set, "
            f"a constant output {self.constant:.1f}, wanted {self.points:g} points more"
        )


def gate(experiment: Experiment, started: TrainedSystem) -> Gate:
    """The gate after a trained stage."""
    metric, scores = experiment.recipe.selection_metric, []
    for part in started.strategy.by_task:
        for source, target in experiment.task_directions(part.task):
            if not experiment.system.selects_by(part, (source, target)):
                continue
            train, dev = (
                [e.target_text for e in examples(split, part.task, target)]
                for split in (experiment.corpus.split(s, source) for s in ("train", "dev"))
            )
            same = [constant(train, dev, target)] * len(dev)
            scores.append(statistics(metric, same, dev, target, "plain").corpus_score)
    best = started.fit_result.best
    return Gate(
        strategy=started.strategy.name,
        metric=metric,
        score=float("-inf") if best is None else best,
        constant=sum(scores) / len(scores),
        points=experiment.recipe.gate,
    )


def check_gate(experiment: Experiment, started: TrainedSystem) -> None:
    """Refuse a stage that has not learnt.

    Raises:
        StageNotLearnt: with both scores, and what to do.
    """
    found = gate(experiment, started)
    if not found.passed:
        raise StageNotLearnt(
            f"{found}. The next stage would be trained in vain: look at listening.jsonl and "
            f"training.csv in {started.folder}, train longer, or lower `gate` in the recipe"
        )
