"""Power: which difference a study can see, from the variances that earlier records have shown.

The power is the probability that the 95 % interval of a difference excludes zero. The variances of
an estimate (`lib.scoring.estimates.Components`) shrink with the number of test items, of seeds and
of language pairs; the test statistic is a noncentral Student's t.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, norm
from scipy.stats import t as student_t

from lib.scoring.estimates import CONFIDENCE, Components

WANTED = 0.8
MOST_SEEDS = 1000
POINTS = 2000  # of the numerical mean over estimated variances
ITEMS, SEEDS = (150, 300, 600, 1200), (1, 2, 3, 5, 8, 12, 16, 24, 32, 64)


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


def spread(found: Components, measured_items: int, design: Design) -> tuple[float, float]:
    """The standard error of a difference in a study, and its degrees of freedom.

    Args:
        found: of one pair, measured on `measured_items` test items. Voices are taken to matter
            little to a difference, so more items of the same voices help.
    """
    shrink = measured_items / design.items / design.pairs
    test = found.items * shrink
    seeds = (found.seed_items * shrink + found.training / design.pairs) / design.seeds
    scale = test**2 / (design.units - 1)
    if design.seeds > 1:
        scale += seeds**2 / (design.seeds - 1)
    variance = test + seeds
    return variance**0.5, variance**2 / scale if scale else float(design.units - 1)


def power(effect: float, found: Components, measured_items: int, design: Design) -> float:
    """The probability of seeing a difference of `effect`; 0 with one seed, which shows none."""
    if design.seeds < 2:
        return 0.0
    error, degrees = spread(found, measured_items, design)
    if not error:
        return 1.0
    # the noncentral t as a mean of normal probabilities: scipy's own is NaN for large shifts
    spreads = np.sqrt(chi2.ppf((np.arange(POINTS) + 0.5) / POINTS, degrees) / degrees)
    limits, shift = student_t.ppf((1 + CONFIDENCE) / 2, degrees) * spreads, abs(effect) / error
    return float(np.mean(norm.sf(limits - shift) + norm.cdf(-limits - shift)))


def smallest_effect(
    found: Components, measured_items: int, design: Design, wanted: float = WANTED
) -> float:
    """The smallest difference that a study sees with the wanted power; infinite with one seed."""
    if design.seeds < 2:
        return float("inf")
    error, _ = spread(found, measured_items, design)
    if not error:
        return 0.0
    return float(
        brentq(
            lambda effect: power(effect, found, measured_items, design) - wanted,
            1e-6 * error,
            100 * error,
        )
    )


def minutes(design: Design, cost: Cost) -> float:
    """The core-minutes of a study."""
    per_run = cost.training_minutes + cost.decoding_minutes * design.items / 1000
    return design.pairs * design.seeds * per_run


def seeds_needed(
    effect: float, found: Components, measured_items: int, design: Design, wanted: float = WANTED
) -> int | None:
    """The fewest of `SEEDS` that see a difference of `effect`; None where 64 do not."""
    for seeds in SEEDS:
        if power(effect, found, measured_items, replace(design, seeds=seeds)) >= wanted:
            return seeds
    return None


def seeds_for_sameness(margin: float, found: Components, measured_items: int) -> int | None:
    """The fewest seeds on one pair for which an interval around 0 fits into a margin; None: 1,000.

    A claim of sameness holds only if its whole interval lies within the margin.
    """
    for seeds in range(2, MOST_SEEDS):
        design = Design(items=measured_items, seeds=seeds)
        error, degrees = spread(found, measured_items, design)
        if student_t.ppf((1 + CONFIDENCE) / 2, degrees) * error <= margin:
            return seeds
    return None


def cheapest(
    effect: float, found: Components, measured_items: int, pairs: int, cost: Cost
) -> Design | None:
    """The design of `ITEMS` and `SEEDS` that sees a difference of `effect` at the least cost."""
    designs = [Design(items=i, seeds=s, pairs=pairs) for i, s in product(ITEMS, SEEDS)]
    able = [d for d in designs if power(effect, found, measured_items, d) >= WANTED]
    return min(able, key=lambda design: minutes(design, cost), default=None)
