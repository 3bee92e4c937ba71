"""Scores by the amount of training data: what twice as much should bring, and what to expect."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import linear_regression

NEAR = 2.0  # times as much or as little data, for an earlier point to say something


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """One training, and what was measured after it."""

    corpus: str
    hours: float  # of training speech
    measures: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, measure: str) -> float:
        return self.measures[measure]


@dataclass(frozen=True, kw_only=True)
class Doubling:
    """What twice the data should change."""

    change: float  # by the line through all points over the logarithm of the hours
    steepest: float  # and flattest: between neighbouring points
    flattest: float
    at_twice: float  # the line's value at twice the largest amount


def doubling(points: Sequence[CurvePoint], measure: str) -> Doubling | None:
    """The trend of a measure; None with fewer than two amounts of data.

    A straight line over log2 of the hours: three points allow no more, and beyond twice the data it
    says nothing.
    """
    points = sorted((p for p in points if measure in p.measures), key=lambda p: p.hours)
    x, y = [math.log2(p.hours) for p in points], [p[measure] for p in points]
    if len(set(x)) < 2:
        return None
    slope, intercept = linear_regression(x, y)
    steps = [
        (after - before) / (more - less)
        for (less, before), (more, after) in pairwise(zip(x, y, strict=True))
        if more > less
    ]
    return Doubling(
        change=slope,
        steepest=max(steps, key=abs),
        flattest=min(steps, key=abs),
        at_twice=intercept + slope * (x[-1] + 1),
    )


def expected(
    points: Sequence[CurvePoint], hours: float, measure: str
) -> tuple[float, float] | None:
    """The lowest and highest value of a measure among earlier trainings with about as much data.

    None where there is none within half and twice the hours.
    """
    near = [
        point[measure]
        for point in points
        if measure in point.measures and hours / NEAR <= point.hours <= hours * NEAR
    ]
    return (min(near), max(near)) if near else None


def too_little(points: Sequence[CurvePoint], hours: float, low: str) -> bool | None:
    """Whether every earlier training with about as much data, or less, has shown no effect.

    Args:
        low: the measure that is the lower end of an effect's interval.

    Returns:
        None where there is no such training.
    """
    known = [p[low] for p in points if low in p.measures and p.hours <= hours * NEAR]
    return all(value <= 0 for value in known) if known else None
