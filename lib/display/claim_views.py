"""What notebook 90 shows: claims with their verdicts, the scores behind them, and how well the author predicted."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from lib.display.html import Page, table
from lib.display.plots import scores_with_intervals


def claims(frame: pd.DataFrame) -> Page:
    """A row a claim."""
    return Page(table(frame.drop(columns=["notebook"]).to_dict("records")))


def scores(frame: pd.DataFrame) -> Page:
    """A row a score, without what only a machine reads."""
    return Page(table(frame.drop(columns=["signature", "commit", "notebook"]).to_dict("records")))


def chart(frame: pd.DataFrame, metric: str) -> Figure:
    """Speech translation scores of one metric with their intervals."""
    return scores_with_intervals(frame[frame["task"] == "ST"].to_dict("records"), metric)


def calibration(frame: pd.DataFrame) -> Page:
    """How many predictions came out which way."""
    made = frame[frame["verdict"] != "not run"]
    counts = made["verdict"].value_counts().to_dict()
    rows = [{"verdict": verdict, "claims": counts.get(verdict, 0)} for verdict in ("held", "failed", "inconclusive")]
    return Page(f"<p>{len(made)} predictions measured, {len(frame) - len(made)} not yet.</p>" + table(rows))
