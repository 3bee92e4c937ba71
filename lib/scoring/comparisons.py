"""Compare outputs: differences between strategies, the best baseline, exact matches, examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Protocol, runtime_checkable

import numpy as np

from lib.scoring.estimates import Estimate, Replicates, replicates
from lib.scoring.metrics import (
    PROFILES,
    TRANSCRIBED,
    Statistics,
    lower_is_better,
    percentage,
    statistics,
)
from lib.scoring.outputs import OutputRow

Runs = Mapping[int, Sequence[OutputRow]]  # the outputs of each seed, on one test set
Scorer = Callable[[Sequence[OutputRow]], Statistics]


@runtime_checkable
class Interval(Protocol):
    """A value with its 95 % interval, such as an `Estimate`."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def format_interval(found: Interval | None, sign: str = "") -> str:
    """Format as "x (low to high)" with one decimal; empty where nothing was measured.

    Args:
        sign: "+" to show the sign of positive numbers.
    """
    if found is None:
        return ""
    return f"{found.value:{sign}.1f} ({found.low:{sign}.1f} to {found.high:{sign}.1f})"


def rows_of(rows: Sequence[OutputRow], strategy: str) -> list[OutputRow]:
    """Return the rows of one strategy.

    Raises:
        ValueError: there is none; the message lists the strategies that have rows.
    """
    found = [row for row in rows if row.strategy == strategy]
    if not found:
        known = ", ".join(sorted({row.strategy for row in rows}))
        raise ValueError(f"no output of strategy {strategy!r}; there is output of {known}")
    return found


def row_statistics(rows: Sequence[OutputRow], metric: str, profile: str = "plain") -> Statistics:
    """Return the sufficient statistics of rows that share a target language."""
    hypotheses, references = [r.hypothesis for r in rows], [r.reference for r in rows]
    if metric == TRANSCRIBED:
        references = [f"{row.reference}\n{row.transcript}" for row in rows]
    return statistics(metric, hypotheses, references, rows[0].target, profile)


def check_same_test_set(rows: Sequence[OutputRow], other: Sequence[OutputRow]) -> None:
    """Refuse to compare outputs of different test sets.

    Raises:
        ValueError: naming the first utterance that differs.
    """
    for index, (row, another) in enumerate(zip_longest(rows, other)):
        if row is None or another is None or _reference(row) != _reference(another):
            raise ValueError(
                f"{rows[0].strategy!r} and {other[0].strategy!r} have different test sets: "
                f"utterance {index} is {_describe(row)} and {_describe(another)}; "
                "decode one test set with both"
            )


def score_runs(runs: Runs, metric: str, profile: str = "plain") -> Replicates:
    """Return the score of one system for each seed.

    Raises:
        ValueError: the runs have different test sets.
    """
    return score_runs_by(runs, lambda rows: row_statistics(rows, metric, profile))


def score_runs_by(runs: Runs, scorer: Scorer) -> Replicates:
    """Return the score of one system for each seed, by a scorer such as `Comet.statistics`.

    Raises:
        ValueError: the runs have different test sets.
    """
    first = next(iter(runs.values()))
    for rows in runs.values():
        check_same_test_set(first, rows)
    return replicates(
        [(seed, scorer(rows)) for seed, rows in runs.items()],
        [row.speaker for row in first],
        [row.id for row in first],
    )


def subtract_runs(runs: Runs, other_runs: Runs, metric: str, profile: str = "plain") -> Replicates:
    """Return the score of one system minus that of another, seed by seed, on the same test set.

    Raises:
        ValueError: other seeds, or different test sets.
    """
    return subtract_runs_by(runs, other_runs, lambda rows: row_statistics(rows, metric, profile))


def subtract_runs_by(runs: Runs, other_runs: Runs, scorer: Scorer) -> Replicates:
    """Return the same by a scorer.

    Raises:
        ValueError: other seeds, or different test sets.
    """
    if list(runs) != list(other_runs):
        raise ValueError(
            f"seeds {list(runs)} against {list(other_runs)}; compare the seeds that both have"
        )
    check_same_test_set(*(next(iter(part.values())) for part in (runs, other_runs)))
    return score_runs_by(runs, scorer) - score_runs_by(other_runs, scorer)


def row_difference(
    rows: Sequence[OutputRow], other: Sequence[OutputRow], metric: str, profile: str = "plain"
) -> Estimate:
    """Return the score of `rows` minus that of `other`, of one training each.

    Raises:
        ValueError: the two have different test sets.
    """
    return subtract_runs({0: rows}, {0: other}, metric, profile).estimate()


def paired_difference(
    rows: Sequence[OutputRow],
    strategy: str,
    other: str,
    metric: str = "BLEU",
    profile: str = "plain",
) -> Estimate:
    """Return the score of one strategy minus that of another on the same utterances.

    Raises:
        ValueError: a strategy has no rows, or the two have different test sets.
    """
    return row_difference(rows_of(rows, strategy), rows_of(rows, other), metric, profile)


def score_gap(
    rows: Sequence[OutputRow], other_rows: Sequence[OutputRow], metric: str = "BLEU"
) -> float:
    """Return the score of `rows` minus that of `other_rows`, which may cover other utterances."""
    return (
        row_statistics(rows, metric).corpus_score - row_statistics(other_rows, metric).corpus_score
    )


def best_baseline(rows: Sequence[OutputRow], metric: str) -> str:
    """Return the strategy of the baseline with the best score, the lowest of an error rate."""
    names = dict.fromkeys(row.strategy for row in rows if row.system == "baseline")
    scores = {name: row_statistics(_baseline(rows, name), metric).corpus_score for name in names}
    best = min if lower_is_better(metric) else max
    return best(scores, key=scores.__getitem__)


def difference_to_best_baseline(rows: Sequence[OutputRow], metric: str = "BLEU") -> Estimate:
    """Return the score of the trained system minus that of the best baseline.

    Of error rates and other metrics where lower is better, a negative difference is a gain.

    Args:
        rows: of one trained system and of its baselines.

    Raises:
        ValueError: system and baseline have different test sets.
    """
    baseline = _baseline(rows, best_baseline(rows, metric))
    return row_difference(_trained(rows), baseline, metric)


def exact_match_share(rows: Sequence[OutputRow]) -> float:
    """Return the share of the system's outputs that equal their reference, or a right answer."""
    prepare = PROFILES["plain"].prepare
    rows = _trained(rows)
    exact = (prepare(row.hypothesis) in map(prepare, row.right_outputs) for row in rows)
    return sum(exact) / len(rows)


def share_of_rows(rows: Sequence[OutputRow], holds: Sequence[bool], signature: str) -> Estimate:
    """Return the percentage of the outputs of one system for which something holds."""
    values = np.stack([np.array(holds, dtype=np.float64), np.ones(len(rows))], axis=1)
    stats = Statistics("share", values, percentage, signature)
    speakers, ids = [row.speaker for row in rows], [row.id for row in rows]
    found = replicates([(rows[0].seed, stats)], speakers, ids).estimate()
    return replace(found, lowest=0.0, highest=100.0)


def ranked_examples(rows: Sequence[OutputRow], count: int) -> list[tuple[OutputRow, float]]:
    """Return a third each of the best, the middle and the worst outputs of a system.

    Args:
        count: number of examples; the thirds may overlap in a small test set, which gives fewer.

    Returns:
        Pairs of a row and its chrF++, from the best on.
    """
    rows = _trained(rows)
    scores = row_statistics(rows, "chrF++").utterance_scores
    order = sorted(range(len(rows)), key=lambda index: (-scores[index], rows[index].id))
    third = max(1, count // 3)
    middle = max(0, len(order) // 2 - third // 2)
    chosen = order[:third] + order[middle : middle + third] + order[-third:]
    return [(rows[index], scores[index]) for index in dict.fromkeys(chosen)]


def _trained(rows: Sequence[OutputRow]) -> list[OutputRow]:
    return [row for row in rows if row.system != "baseline"]


def _baseline(rows: Sequence[OutputRow], strategy: str) -> list[OutputRow]:
    return [row for row in rows if row.system == "baseline" and row.strategy == strategy]


def _reference(row: OutputRow) -> tuple[str, str]:
    return row.id, row.reference


def _describe(row: OutputRow | None) -> str:
    return f"{row.id} {row.reference!r}" if row else "missing"
