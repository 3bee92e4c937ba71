"""From hypotheses to the scores table: every row can be computed again from `hypotheses.jsonl` alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

from lib.decoding import Hypothesis
from lib.scoring.metrics import score
from lib.tasks import Example, Task

METRICS = {
    Task.ASR: (("WER", "gmu"), ("CER", "gmu")),
    Task.MT: (("BLEU", "plain"), ("chrF++", "plain"), ("BLEU", "gmu"), ("chrF++", "gmu")),
    Task.ST: (("BLEU", "plain"), ("chrF++", "plain"), ("BLEU", "gmu"), ("chrF++", "gmu")),
}


@dataclass(frozen=True)
class Key:
    """What a score is a score of: rows with one key are one system on one test set."""

    system: str  # gmu, it_ist, llm_srt, zero_resource, or baseline
    strategy: str
    stage: str
    task: str
    source: str
    target: str
    subset: str
    seed: int


@dataclass(frozen=True)
class OutputRow(Key):
    """One row of hypotheses.jsonl: what a system said to one utterance, and what was meant."""

    id: str
    speaker: str
    seconds: float
    audio: str
    reference: str
    hypothesis: str
    tokens: int
    log_probability: float | None
    ending: str

    @property
    def key(self) -> Key:
        return Key(*(getattr(self, field.name) for field in fields(Key)))


def output_rows(
    examples: list[Example], hypotheses: list[Hypothesis], system: str, strategy: str, stage: str, subset: str, seed: int
) -> list[OutputRow]:
    """The rows of one system's output, in the order of the examples."""
    return [
        OutputRow(
            system, strategy, stage, e.task.value, e.source, e.target, subset, seed, e.id, e.speaker, round(e.seconds, 3),
            str(e.audio or ""), e.target_text, h.text, h.tokens, h.score, h.ending,
        )
        for e, h in zip(examples, hypotheses, strict=True)
    ]  # fmt: skip


def metric_name(metric: str, profile: str) -> str:
    """As it stands in the table: the profile is named unless it is the plain one."""
    return metric if profile == "plain" else f"{metric}[{profile}]"


def score_table(rows: Iterable[OutputRow]) -> list[dict]:
    """A row of scores for each key and metric, with the columns of scores.csv that belong to a score."""
    groups: dict[Key, list[OutputRow]] = {}
    for row in rows:
        groups.setdefault(row.key, []).append(row)
    table = []
    for key, group in groups.items():
        for metric, profile in METRICS[Task(key.task)]:
            result = score(
                metric,
                [row.hypothesis for row in group],
                [row.reference for row in group],
                key.target,
                [row.speaker for row in group],
                profile,
            )
            numbers = {name: round(getattr(result, name), 4) for name in ("value", "low", "high")}
            table.append(
                {**asdict(key), "metric": metric_name(metric, profile), **numbers, "n": result.n, "signature": result.signature}
            )
    return table
