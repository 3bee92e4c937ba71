"""Power: which difference a study can see, from the variances that earlier records have shown.

The power is the probability that the 95 % interval of a difference excludes zero. The variances of
an estimate (`lib.scoring.estimates.Components`) shrink with the number of test items, of seeds and
of language pairs, but for what the pairs share: voices, contents, and the backbone of a seed. The
test statistic is a noncentral Student's t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import product

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, norm
from scipy.stats import t as student_t

from lib.scoring.estimates import CONFIDENCE, Components, Replicates

WANTED = 0.8
MOST_SEEDS = 1000
POINTS = 2000  # of the numerical mean over estimated variances
ITEMS, SEEDS = (150, 300, 600, 1200), (1, 2, 3, 5, 8, 12, 16, 24, 32, 64)


_NAMES = [entry.name for entry in fields(Components)]


@dataclass(frozen=True, kw_only=True)
class Variances:
    """What a measured difference varies with."""

    one: Components  # of one language pair, as a mean over those measured
    mean: Components  # of the mean over the pairs
    pairs: int
    items: int  # test utterances of a pair

    @classmethod
    def of(cls, mean: Replicates, by_pair: Sequence[Replicates]) -> Variances:
        """The variances of a mean over pairs, and of its pairs."""
        each = [pair.components for pair in by_pair]
        one = {name: sum(getattr(e, name) for e in each) / len(each) for name in _NAMES}
        return cls(
            one=Components(**one),
            mean=mean.components,
            pairs=len(by_pair),
            items=min(pair.n for pair in by_pair),
        )

    def over(self, pairs: int) -> Components:
        """Of the mean over another number of pairs: what pairs share does not average out."""
        found = {}
        for name in _NAMES:
            one, mean = getattr(self.one, name), getattr(self.mean, name)
            shared = 0.0
            if self.pairs > 1:
                shared = max(0.0, (mean - one / self.pairs) * self.pairs / (self.pairs - 1))
            found[name] = shared + max(0.0, one - shared) / pairs
        return Components(**found)


@dataclass(frozen=True, kw_only=True)
class Design:
    """The size of a study."""

    items: int  # test utterances of each pair
    seeds: int  # trainings of each system
    pairs: int = 1  # language pairs
    units: int = 22  # speakers of the test set, or items where these are independent


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a study takes of one core."""

    training_minutes: float  # of both systems that are compared, one seed, one pair
    decoding_minutes: float  # of both, 1,000 test items


def spread(found: Variances, design: Design) -> tuple[float, float]:
    """The standard error of a difference in a study, and its degrees of freedom.

    Voices are taken to matter little to a difference, so more items of the same voices help.
    """
    parts, shrink = found.over(design.pairs), found.items / design.items
    test = parts.items * shrink
    seeds = (parts.seed_items * shrink + parts.training) / design.seeds
    scale = test**2 / (design.units - 1)
    if design.seeds > 1:
        scale += seeds**2 / (design.seeds - 1)
    variance = test + seeds
    return variance**0.5, variance**2 / scale if scale else float(design.units - 1)


def power(effect: float, found: Variances, design: Design) -> float:
    """The probability of seeing a difference of `effect`; 0 with one seed, which shows none."""
    if design.seeds < 2:
        return 0.0
    error, degrees = spread(found, design)
    if not error:
        return 1.0
    # the noncentral t as a mean of normal probabilities: scipy's own is NaN for large shifts
    spreads = np.sqrt(chi2.ppf((np.arange(POINTS) + 0.5) / POINTS, degrees) / degrees)
    limits, shift = student_t.ppf((1 + CONFIDENCE) / 2, degrees) * spreads, abs(effect) / error
    return float(np.mean(norm.sf(limits - shift) + norm.cdf(-limits - shift)))


def smallest_effect(found: Variances, design: Design, wanted: float = WANTED) -> float:
    """The smallest difference that a study sees with the wanted power; infinite with one seed."""
    if design.seeds < 2:
        return float("inf")
    error, _ = spread(found, design)
    if not error:
        return 0.0
    return float(
        brentq(
            lambda effect: power(effect, found, design) - wanted,
            1e-6 * error,
            100 * error,
        )
    )


def minutes(design: Design, cost: Cost) -> float:
    """The core-minutes of a study."""
    per_run = cost.training_minutes + cost.decoding_minutes * design.items / 1000
    return design.pairs * design.seeds * per_run


def seeds_needed(
    effect: float, found: Variances, design: Design, wanted: float = WANTED
) -> int | None:
    """The fewest of `SEEDS` that see a difference of `effect`; None where 64 do not."""
    for seeds in SEEDS:
        if power(effect, found, replace(design, seeds=seeds)) >= wanted:
            return seeds
    return None


def seeds_for_sameness(margin: float, found: Variances) -> int | None:
    """The fewest seeds on one pair that show equivalence within a margin, with 80 %; None: 1,000.

    Without a true difference, a claim of sameness holds if the whole interval lies within the
    margin. The estimate itself varies, so that half an interval in the margin is not enough.
    """
    for seeds in range(2, MOST_SEEDS):
        error, degrees = spread(found, Design(items=found.items, seeds=seeds))
        quantiles = student_t.ppf([(1 + CONFIDENCE) / 2, (1 + WANTED) / 2], degrees)
        if sum(quantiles) * error <= margin:
            return seeds
    return None


def cheapest(effect: float, found: Variances, pairs: int, cost: Cost) -> Design | None:
    """The design of `ITEMS` and `SEEDS` that sees a difference of `effect` at the least cost."""
    designs = [Design(items=i, seeds=s, pairs=pairs) for i, s in product(ITEMS, SEEDS)]
    able = [d for d in designs if power(effect, found, d) >= WANTED]
    return min(able, key=lambda design: minutes(design, cost), default=None)
