"""Differences over several seeds: the same two systems trained again, on one test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float
from scipy.stats import t as student

from lib.scoring.metrics import Statistics, resampled, statistics, weights
from lib.scoring.significance import same_signature


@dataclass(frozen=True)
class OverSeeds:
    """A mean over seeds with its 95 % interval, and what each seed gave."""

    metric: str
    value: float
    low: float
    high: float
    each: tuple[float, ...]  # in the order of the seeds
    n: int  # utterances
    draws: Float[np.ndarray, "resamples"] = field(repr=False, compare=False)  # the resampled means, to pool them

    @property
    def spread(self) -> float:
        """Standard deviation over the seeds; 0 where there is one."""
        return float(np.std(self.each, ddof=1)) if len(self.each) > 1 else 0.0


def mean_score(
    metric: str,
    runs: Sequence[Sequence[str]],
    references: Sequence[str],
    target: str,
    speakers: Sequence[str],
    profile: str = "plain",
) -> OverSeeds:
    """The mean score of one system trained with several seeds.

    The interval has two sources: the test set, resampled by speaker (see `weights`), and the seeds, by Student's t of their
    spread. With one seed it knows the test set alone.

    Args:
        runs: the hypotheses of each seed, in the order of the references.
    """
    kept = [statistics(metric, run, references, target, profile) for run in runs]
    found = _interval(metric, kept, None, speakers)
    most = 100.0 if metric.startswith(("BLEU", "chrF")) else float("inf")  # an error rate may be above that
    return replace(found, low=max(0.0, found.low), high=min(most, found.high))


def mean_difference(
    metric: str,
    ours: Sequence[Sequence[str]],
    theirs: Sequence[Sequence[str]],
    references: Sequence[str],
    target: str,
    speakers: Sequence[str],
    profile: str = "plain",
) -> OverSeeds:
    """How much better one system is than another, seed by seed, with the interval of `mean_score`, both resampled together.

    Raises:
        ValueError: the two have unlike numbers of seeds.
    """
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} seeds against {len(theirs)}; compare the seeds that both have")
    first, second = ([statistics(metric, run, references, target, profile) for run in runs] for runs in (ours, theirs))
    for one, other in zip(first, second, strict=True):
        same_signature(one.signature, other.signature)
    return _interval(metric, first, second, speakers)


def _interval(metric: str, ours: list[Statistics], theirs: list[Statistics] | None, speakers: Sequence[str]) -> OverSeeds:
    drawn, _ = weights(speakers)

    def of(stats: Statistics) -> np.ndarray:
        """The score itself, and that of each resample."""
        return np.concatenate([[stats.combine(stats.rows.sum(0))], resampled(stats, drawn)])

    scores = np.stack([of(stats) for stats in ours])
    if theirs:
        scores = scores - np.stack([of(stats) for stats in theirs])
    each, draws = scores[:, 0], scores[:, 1:].mean(0)
    variance = float(np.var(each, ddof=1)) / len(each) if len(each) > 1 else 0.0
    value, low, high = _joined(float(each.mean()), draws, variance, len(each) - 1)
    return OverSeeds(metric, value, low, high, tuple(float(x) for x in each), len(speakers), draws)


def _joined(value: float, draws: Float[np.ndarray, "resamples"], variance: float, freedom: int) -> tuple[float, float, float]:
    """A value with an interval of two sources: the test set (by resampling) and the seeds (by Student's t, as they are few)."""
    low, high = np.percentile(draws, [2.5, 97.5])
    seeds = float(student.ppf(0.975, freedom)) * variance**0.5 if freedom else 0.0
    return value, value - float(np.hypot(value - low, seeds)), value + float(np.hypot(high - value, seeds))


def pooled(found: Sequence[OverSeeds]) -> OverSeeds:
    """The mean over several language pairs; `each` holds their values.

    The pairs count as independent. Where their test sets say the same things in several languages they are not quite, and
    the interval is then somewhat narrow.

    Raises:
        ValueError: there is none, or they are of different metrics.
    """
    if len({one.metric for one in found}) != 1:
        raise ValueError(f"nothing to pool, or different metrics: {[one.metric for one in found]}")
    # each pair's draws are in an order of their own, so that no pair's good resamples meet another's
    rng = np.random.default_rng(2)
    draws = np.mean([rng.permutation(one.draws) for one in found], axis=0)
    variance = sum(one.spread**2 / len(one.each) for one in found) / len(found) ** 2
    freedom = sum(len(one.each) - 1 for one in found)
    values = tuple(one.value for one in found)
    value, low, high = _joined(float(np.mean(values)), draws, variance, freedom)
    return OverSeeds(found[0].metric, value, low, high, values, sum(one.n for one in found), draws)
