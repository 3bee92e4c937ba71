"""The largest level that costs no more than a margin: computed, with its margin, and not eyed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lib.scoring.estimates import Estimate, simultaneous
from lib.scoring.metrics import lower_is_better

SAFE, UNSAFE, OPEN = "safe", "not safe", "open"


@dataclass(frozen=True, kw_only=True)
class LevelCost:
    """What a level costs over the finest one, in points of the metric; positive is worse."""

    level: str
    value: float
    low: float  # of an interval that is right for all levels together with 95 %
    high: float
    verdict: str  # SAFE: `high` is within the margin; UNSAFE: `low` is beyond it; OPEN: neither


@dataclass(frozen=True, kw_only=True)
class SafeLevel:
    """Non-inferiority of each level to the finest one."""

    margin: float
    costs: list[LevelCost]
    largest: str  # the last level up to which all are safe; the finest where none is

    @property
    def left(self) -> float:
        """What the margin leaves above the interval of the largest safe level."""
        own = [cost.high for cost in self.costs if cost.level == self.largest]
        return self.margin - max(own, default=0.0)


def largest_safe(
    finest: str, differences: Mapping[str, Estimate], margin: float, metric: str
) -> SafeLevel:
    """Find the largest safe level.

    Args:
        finest: the level that all others are compared with.
        differences: level -> its score minus that of the finest, from fine to coarse.
        margin: points of the metric that a level may cost.
        metric: such as CER, which is better when lower.

    Raises:
        ValueError: the margin is not above 0: nothing could be shown to be safe.
    """
    if margin <= 0:
        raise ValueError(f"margin={margin:g}: give the points of {metric} that a level may cost")
    sign = 1 if lower_is_better(metric) else -1
    costs, largest, unbroken = [], finest, True
    for level, wide in zip(differences, simultaneous(list(differences.values())), strict=True):
        low, high = sorted((sign * wide.low, sign * wide.high))
        verdict = SAFE if high <= margin else UNSAFE if low > margin else OPEN
        unbroken &= verdict == SAFE
        largest = level if unbroken else largest
        costs.append(
            LevelCost(level=level, value=sign * wide.value, low=low, high=high, verdict=verdict)
        )
    return SafeLevel(margin=margin, costs=costs, largest=largest)
