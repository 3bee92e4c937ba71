"""A claim of a paper as a row: what was said, what was predicted here, what was measured, and the verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass

VERDICTS = ("held", "failed", "inconclusive", "not run")


@dataclass(frozen=True)
class Claim:
    """A statement with a number, and the range predicted for it before the run."""

    claim: str  # its short name, such as GMU-1
    paper: str  # arXiv number
    statement: str
    predicted_low: float
    predicted_high: float

    def __post_init__(self) -> None:
        if not self.predicted_low <= self.predicted_high:
            raise ValueError(f"claim {self.claim}: predicted from {self.predicted_low} to {self.predicted_high} is no range")


def verdict(claim: Claim, value: float, low: float, high: float) -> str:
    """Hold a measured difference and its interval against the predicted range.

    A claim of a direction (its range leaves out zero) needs an interval that excludes zero, and is `held` where the
    value lies within the range. A claim of sameness (its range holds zero) is `held` where the whole interval lies
    within the range, and `failed` where it lies wholly outside. All else is `inconclusive`.
    """
    if any(math.isnan(number) for number in (value, low, high)):
        return "not run"
    if claim.predicted_low <= 0 <= claim.predicted_high:
        if claim.predicted_low <= low and high <= claim.predicted_high:
            return "held"
        return "failed" if high < claim.predicted_low or low > claim.predicted_high else "inconclusive"
    if low <= 0 <= high:
        return "inconclusive"
    return "held" if claim.predicted_low <= value <= claim.predicted_high else "failed"
