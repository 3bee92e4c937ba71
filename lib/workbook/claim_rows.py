"""The rows of claims.csv: a prediction before the run, a measurement and its verdict after it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

from lib.scoring.claims import Claim, verdict


@runtime_checkable
class Interval(Protocol):
    """A measured number with its 95 % interval."""

    value: float
    low: float
    high: float


def predicted_row(claim: Claim, **where: str) -> dict[str, Any]:
    """The row of a claim that is not measured yet.

    Args:
        where: the languages that the statement names, `source` and `target`.
    """
    return {
        "claim": claim.id,
        "paper": claim.paper,
        "statement": claim.text(**where),
        "predicted_low": claim.predicted_low,
        "predicted_high": claim.predicted_high,
        "measured": None,
        "low": None,
        "high": None,
        "seeds": 0,
        "verdict": "not run",
        "published": claim.published,
    }


def differs(row: dict[str, Any], other: dict[str, Any]) -> bool:
    """True where two rows predict something else."""
    return any(row[key] != other[key] for key in ("statement", "predicted_low", "predicted_high"))


def judged_row(
    row: dict[str, Any], claim: Claim, found: Interval | float, seeds: int
) -> dict[str, Any]:
    """The row with a measurement, judged by the prediction that stands in it.

    Args:
        found: the measured number with its interval; a plain number is exact.
        seeds: that it was measured with.
    """
    exact = isinstance(found, (int, float))
    value, low, high = (found,) * 3 if exact else (found.value, found.low, found.high)
    stated = replace(
        claim, predicted_low=row["predicted_low"], predicted_high=row["predicted_high"]
    )
    return row | {
        "measured": _rounded(value),
        "low": _rounded(low),
        "high": _rounded(high),
        "seeds": seeds,
        "verdict": verdict(stated, value, low, high),
    }


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
