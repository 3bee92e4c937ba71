"""Differences over several seeds: the same two systems trained again, on one test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from lib.scoring.metrics import RESAMPLES, Statistics, resampled, statistics, weights
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

    Both are resampled: the test set by speaker (see `weights`) and, within each resample, the seeds, so that the interval is
    wide where training again gives something else.

    Args:
        runs: the hypotheses of each seed, in the order of the references.
    """
    kept = [statistics(metric, run, references, target, profile) for run in runs]
    return _interval(metric, kept, None, speakers)


def mean_difference(
    metric: str,
    ours: Sequence[Sequence[str]],
    theirs: Sequence[Sequence[str]],
    references: Sequence[str],
    target: str,
    speakers: Sequence[str],
    profile: str = "plain",
) -> OverSeeds:
    """How much better one system is than another, seed by seed; resampled as in `mean_score`, both together.

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
    each, again = scores[:, 0], scores[:, 1:]
    seeds = np.random.default_rng(1).integers(0, len(each), size=(RESAMPLES, len(each)))
    means = again[seeds, np.arange(RESAMPLES)[:, None]].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return OverSeeds(metric, float(each.mean()), float(low), float(high), tuple(float(x) for x in each), len(speakers), means)


def pooled(found: Sequence[OverSeeds]) -> OverSeeds:
    """The mean over several test sets (language pairs), each resampled for itself; `each` holds their values.

    Raises:
        ValueError: there is none, or they are of different metrics.
    """
    if len({one.metric for one in found}) != 1:
        raise ValueError(f"nothing to pool, or different metrics: {[one.metric for one in found]}")
    # each set's draws are in an order of their own, so that no pair's good resamples meet another's
    chance = np.random.default_rng(2)
    draws = np.mean([chance.permutation(one.draws) for one in found], axis=0)
    low, high = np.percentile(draws, [2.5, 97.5])
    values = tuple(one.value for one in found)
    return OverSeeds(found[0].metric, float(np.mean(values)), float(low), float(high), values, sum(one.n for one in found), draws)
