"""Rows of hypotheses.jsonl and the score table, which is computed from these rows alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from lib.scoring.estimates import replicates
from lib.scoring.metrics import statistics
from lib.tasks import SMT, ST, TASKS, Example

if TYPE_CHECKING:  # importing decoding would load torch
    from lib.models.protocol import Hypothesis


@dataclass(frozen=True, kw_only=True)
class OutputKey:
    """What a score belongs to: rows with equal keys are one system's outputs on one test set."""

    system: str  # such as gmu; "baseline" for the input-independent baselines
    strategy: str
    stage: str
    task: str  # a name in `lib.tasks.TASKS`
    source: str  # ISO 639-3
    target: str  # ISO 639-3
    subset: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class OutputRow(OutputKey):
    """One row of hypotheses.jsonl: a system's output for one utterance, and the reference."""

    id: str
    speaker: str
    seconds: float
    audio: str
    reference: str  # of a question: all right answers, one a line
    hypothesis: str
    tokens: int
    log_probability: float | None
    ending: str  # see `Hypothesis.ending`
    transcript: str = ""  # of translated speech, where it is known

    @property
    def key(self) -> OutputKey:
        return OutputKey(**{field.name: getattr(self, field.name) for field in fields(OutputKey)})

    @property
    def right_outputs(self) -> list[str]:
        """The reference, or each right answer to a question."""
        return self.reference.split("\n") if TASKS[self.task].asks else [self.reference]


def output_rows(
    examples: Sequence[Example],
    hypotheses: Sequence[Hypothesis],
    *,
    system: str,
    strategy: str,
    stage: str,
    subset: str,
    seed: int,
) -> list[OutputRow]:
    """Return a row for each example and its hypothesis, in the order of the examples."""
    return [
        OutputRow(
            system=system,
            strategy=strategy,
            stage=stage,
            task=example.task.name,
            source=example.source,
            target=example.target,
            subset=subset,
            seed=seed,
            id=example.id,
            speaker=example.speaker,
            seconds=round(example.seconds, 3),
            audio=str(example.audio or ""),
            reference=reference_of(example),
            hypothesis=hypothesis.text,
            tokens=hypothesis.tokens,
            log_probability=hypothesis.score,
            ending=hypothesis.ending,
            transcript=example.source_text if example.task in (ST, SMT) else "",
        )
        for example, hypothesis in zip(examples, hypotheses, strict=True)
    ]


def reference_of(example: Example) -> str:
    """The text to hold an output against; of several right answers, one a line."""
    right = [" ".join(answer.split()) for answer in example.answers]
    return "\n".join(right) if example.task.asks and right else example.target_text


def metric_name(metric: str, profile: str) -> str:
    """Return the metric's name in scores.csv, such as "BLEU" or "BLEU[gmu]"."""
    return metric if profile == "plain" else f"{metric}[{profile}]"


def score_table(rows: Iterable[OutputRow]) -> list[dict]:
    """Return a line for each key and metric of its task, with the columns of scores.csv."""
    groups: dict[OutputKey, list[OutputRow]] = {}
    for row in rows:
        groups.setdefault(row.key, []).append(row)
    table = []
    for key, group in groups.items():
        for metric, profile in TASKS[key.task].metrics:
            hypotheses, references = [r.hypothesis for r in group], [r.reference for r in group]
            stats = statistics(metric, hypotheses, references, key.target, profile)
            speakers, ids = [row.speaker for row in group], [row.id for row in group]
            found = replicates([(key.seed, stats)], speakers, ids).score()
            interval = {name: round(getattr(found, name), 4) for name in ("value", "low", "high")}
            line = {**asdict(key), "metric": metric_name(metric, profile), **interval}
            signature = f"{stats.signature}|ci:95,jackknife-t,{found.unit}"
            table.append(line | {"n": found.n, "signature": signature})
    return table
