"""Claims with their predictions, measurements and verdicts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lib.display.html import Page, number, table
from lib.scoring.claims import VERDICTS, Claim, Measured, verdict
from lib.scoring.comparisons import format_interval


def claims(frame: pd.DataFrame) -> Page:
    """A row per claim.

    Args:
        frame: columns of claims.csv.
    """
    rows = [
        {
            "claim": row["claim"],
            "statement": row["statement"],
            "published": row.get("published", ""),
            "predicted": _range(row["predicted_low"], row["predicted_high"]),
            "measured": row["measured"],
            "95 % interval": "" if pd.isna(row["low"]) else _range(row["low"], row["high"]),
            "verdict": row["verdict"],
            "seeds": row["seeds"],
            "paper": row["paper"],
            "run": row["run"],
        }
        for row in frame.to_dict("records")
    ]
    return Page(table(rows))


def study_claims(answers: Sequence[tuple[Claim, Measured | None]]) -> Page:
    """Claims measured over a study, with what each number is made of.

    Args:
        answers: each claim with its measurement; None where no run has it.
    """
    rows = []
    for claim, measured in answers:
        row = {
            "claim": claim.id,
            "statement": claim.statement,
            "published": claim.published,
            "predicted": _range(claim.predicted_low, claim.predicted_high),
            "measured": format_interval(measured, "+"),
            "verdict": "not run",
            "measurement": "",
            "seeds": 0,
        }
        if measured:
            row["verdict"] = verdict(claim, measured.value, measured.low, measured.high)
            row |= {"measurement": measured.description, "seeds": measured.seeds}
        rows.append(row)
    return Page(table(rows))


def calibration(frame: pd.DataFrame) -> Page:
    """How many predictions got each verdict.

    Args:
        frame: columns of claims.csv.
    """
    counts = frame["verdict"].value_counts().to_dict()
    waiting = counts.get("not run", 0)
    rows = [
        {"verdict": name, "claims": counts.get(name, 0)} for name in VERDICTS if name != "not run"
    ]
    summary = f"<p>{len(frame) - waiting} predictions measured, {waiting} not yet.</p>"
    return Page(summary + table(rows))


def _range(low: float, high: float) -> str:
    return f"{number(float(low))} to {number(float(high))}"
