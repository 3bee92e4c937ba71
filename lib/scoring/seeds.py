"""Means over seeds: one system trained several times, scored on one test set.

An interval has two sources: the test set, resampled by speaker or utterance, and the seeds, by
Student's t of their standard deviation. With one seed it covers the test set only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float
from scipy.stats import t as student_t

from lib.scoring.comparisons import check_same_test_set, row_statistics
from lib.scoring.metrics import PERCENTILES, Statistics, bootstrap_weights, resampled_scores
from lib.scoring.outputs import OutputRow
from lib.scoring.significance import check_same_signature

Runs = Sequence[Sequence[OutputRow]]  # the outputs of each seed, on one test set


@dataclass(frozen=True, kw_only=True)
class SeedMean:
    """A mean over seeds with its 95 % interval."""

    metric: str
    value: float
    low: float
    high: float
    values: tuple[float, ...]  # of each seed; of each pair where pairs were pooled
    n: int  # utterances
    resampled: Float[np.ndarray, "resamples"] = field(repr=False, compare=False)  # for `pool`

    @property
    def std(self) -> float:
        """Standard deviation over the seeds; 0 for a single one."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else 0.0


def mean_score(runs: Runs, metric: str, profile: str = "plain") -> SeedMean:
    """Return the mean score of one system over its seeds.

    Raises:
        ValueError: the runs have different test sets.
    """
    found = _mean(metric, _scores(_statistics(runs, metric, profile), runs), runs)
    highest = 100.0 if metric in ("BLEU", "chrF++") else float("inf")  # error rates may exceed 100
    return replace(found, low=max(0.0, found.low), high=min(highest, found.high))


def mean_difference(
    runs: Runs, other_runs: Runs, metric: str, profile: str = "plain"
) -> SeedMean:
    """Return the score of one system minus that of another, seed by seed, both resampled together.

    Raises:
        ValueError: unequal numbers of seeds, or different test sets.
    """
    if len(runs) != len(other_runs):
        raise ValueError(
            f"{len(runs)} seeds against {len(other_runs)}; compare the seeds that both have"
        )
    check_same_test_set(runs[0], other_runs[0])
    stats, other = (_statistics(part, metric, profile) for part in (runs, other_runs))
    for one, another in zip(stats, other, strict=True):
        check_same_signature(one, another)
    return _mean(metric, _scores(stats, runs) - _scores(other, other_runs), runs)


def pool(means: Sequence[SeedMean]) -> SeedMean:
    """Return the mean over language pairs, which are taken as independent.

    Test sets that hold the same sentences in several languages are not quite independent; the
    interval is slightly too narrow then.

    Raises:
        ValueError: no mean is given, or they are of different metrics.
    """
    metrics = {mean.metric for mean in means}
    if len(metrics) != 1:
        raise ValueError(f"cannot pool metrics {sorted(metrics)}; give means of one metric")
    # permuted, so that equal positions in two pairs' resamples are unrelated
    rng = np.random.default_rng(2)
    resampled = np.mean([rng.permutation(mean.resampled) for mean in means], axis=0)
    variance = sum(mean.std**2 / len(mean.values) for mean in means) / len(means) ** 2
    degrees_of_freedom = sum(len(mean.values) - 1 for mean in means)
    values = tuple(mean.value for mean in means)
    value = float(np.mean(values))
    low, high = _interval(value, resampled, variance, degrees_of_freedom)
    return SeedMean(
        metric=means[0].metric,
        value=value,
        low=low,
        high=high,
        values=values,
        n=sum(mean.n for mean in means),
        resampled=resampled,
    )


def _statistics(runs: Runs, metric: str, profile: str) -> list[Statistics]:
    for run in runs[1:]:
        check_same_test_set(runs[0], run)
    return [row_statistics(run, metric, profile) for run in runs]


def _scores(stats: Sequence[Statistics], runs: Runs) -> Float[np.ndarray, "seeds scores"]:
    """Return the score of each seed in column 0, and those of its resamples after it."""
    weights, _ = bootstrap_weights([row.speaker for row in runs[0]])
    return np.stack([[one.corpus_score, *resampled_scores(one, weights)] for one in stats])


def _mean(metric: str, scores: Float[np.ndarray, "seeds scores"], runs: Runs) -> SeedMean:
    seeds, resampled = scores[:, 0], scores[:, 1:].mean(0)
    variance = float(np.var(seeds, ddof=1)) / len(seeds) if len(seeds) > 1 else 0.0
    value = float(seeds.mean())
    low, high = _interval(value, resampled, variance, len(seeds) - 1)
    return SeedMean(
        metric=metric,
        value=value,
        low=low,
        high=high,
        values=tuple(float(score) for score in seeds),
        n=len(runs[0]),
        resampled=resampled,
    )


def _interval(
    value: float,
    resampled: Float[np.ndarray, "resamples"],
    variance: float,
    degrees_of_freedom: int,
) -> tuple[float, float]:
    """Combine the interval of the test set with that of the seeds.

    Args:
        variance: of the mean over the seeds.
    """
    low, high = np.percentile(resampled, PERCENTILES)
    seeds = 0.0
    if degrees_of_freedom:
        seeds = float(student_t.ppf(0.975, degrees_of_freedom)) * variance**0.5
    return (
        value - float(np.hypot(value - low, seeds)),
        value + float(np.hypot(high - value, seeds)),
    )
