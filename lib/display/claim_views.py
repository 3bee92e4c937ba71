"""What notebook 90 shows: claims with their verdicts, the scores behind them, and how well the author predicted."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from lib.display.html import Page, number, table
from lib.display.plots import scores_by_pair


def claims(frame: pd.DataFrame) -> Page:
    """A row a claim."""
    rows = [
        {
            "claim": row["claim"],
            "statement": row["statement"],
            "predicted": f"{number(row['predicted_low'])} to {number(row['predicted_high'])}",
            "measured": row["measured"],
            "95 % interval": "" if pd.isna(row["low"]) else f"{row['low']:.2f} to {row['high']:.2f}",
            "verdict": row["verdict"],
            "seeds": row["seeds"],
            "paper": row["paper"],
            "run": row["run"],
        }
        for row in frame.to_dict("records")
    ]
    return Page(table(rows))


def scores(frame: pd.DataFrame, metrics: Sequence[str]) -> Page:
    """A row a score of some metrics, without what only a machine reads."""
    kept = frame[frame["metric"].isin(metrics)]
    return Page(table(kept.drop(columns=["signature", "commit", "notebook", "subset"]).to_dict("records")))


def chart(frame: pd.DataFrame, metric: str) -> Figure:
    """Speech translation scores of one metric with their intervals, a panel a pair."""
    return scores_by_pair(frame[frame["task"] == "ST"].to_dict("records"), metric)


def calibration(frame: pd.DataFrame) -> Page:
    """How many predictions came out which way."""
    made = frame[frame["verdict"] != "not run"]
    counts = made["verdict"].value_counts().to_dict()
    rows = [{"verdict": verdict, "claims": counts.get(verdict, 0)} for verdict in ("held", "failed", "inconclusive")]
    return Page(f"<p>{len(made)} predictions measured, {len(frame) - len(made)} not yet.</p>" + table(rows))
