"""The rows of claims.csv: a prediction before the run, a measurement and its verdict after it."""

from __future__ import annotations

import math
from typing import Any, Protocol, runtime_checkable

from lib.scoring.claims import Claim, Measured, magnitude, verdict
from lib.workbook.power import VARIANCES, variance_columns
from lib.workbook.predictions import committed, prediction, registration_of


@runtime_checkable
class Interval(Protocol):
    """A measured number with its 95 % interval."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def predicted_row(claim: Claim, source: str = "", target: str = "") -> dict[str, Any]:
    """The row of a claim that is not measured yet.

    Args:
        source, target: the languages that it is about here.
    """
    commit, time = committed(claim.id)
    return {
        **prediction(claim),
        "pair": f"{source}→{target}" if source else "",
        "measured": None,
        "low": None,
        "high": None,
        "seeds": 0,
        "verdict": "not run",
        "magnitude": "",
        "general_low": None,
        "general_high": None,
        "general_verdict": "",
        **dict.fromkeys(("pairs", "measurement", *VARIANCES)),
        "prediction_commit": commit,
        "prediction_time": time,
        "since": "",
        "registration": "",
    }


def differs(row: dict[str, Any], other: dict[str, Any]) -> bool:
    """True where two rows predict something else."""
    return any(row[key] != other[key] for key in ("prediction_hash", "pair"))


def judged_row(
    row: dict[str, Any],
    claim: Claim,
    found: Interval | float,
    since: str,
) -> dict[str, Any]:
    """The row with a measurement and its verdict.

    Args:
        found: the measured number with its interval; a plain number is exact.
        since: when the first run that it is measured on, or its first training, began.

    Raises:
        ValueError: the claim predicts something else now, or was judged with another number.
    """
    if prediction(claim)["prediction_hash"] != row["prediction_hash"]:
        raise ValueError(
            f"the prediction of claim {claim.id} was changed after it was recorded; restart the "
            "notebook to record the new one"
        )
    exact = isinstance(found, (int, float))
    numbers = (found,) * 3 if exact else (found.value, found.low, found.high)
    value, low, high = (round(number, 4) for number in numbers)  # the verdict is of what is kept
    seeds = getattr(found, "seeds", 1)
    judged = row | {
        "measured": _rounded(value),
        "low": _rounded(low),
        "high": _rounded(high),
        "seeds": seeds,
        "verdict": verdict(claim, low, high, seeds),
        "magnitude": magnitude(claim, low, high, seeds),
        "since": since,
    }
    judged["registration"] = registration_of(judged)
    if isinstance(found, Measured):
        judged |= _of_study(claim, found)
    before, now = ([r[key] for key in ("measured", "low", "high")] for r in (row, judged))
    if row["measured"] is not None and before != now:
        raise ValueError(
            f"claim {claim.id} was judged already, with {before[0]}, and {now[0]} is another "
            "measurement; restart the notebook to judge it anew"
        )
    return judged


def _of_study(claim: Claim, found: Measured) -> dict[str, Any]:
    """The further columns of a claim that was measured on several language pairs."""
    columns: dict[str, Any] = {"pairs": found.pairs, "measurement": found.description}
    if general := found.general:
        low, high = round(general.low, 4), round(general.high, 4)
        columns |= {
            "general_low": _rounded(low),
            "general_high": _rounded(high),
            "general_verdict": verdict(claim, low, high, found.seeds),
        }
    return columns | (variance_columns(found.variances) if found.variances else {})


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
