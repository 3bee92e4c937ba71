"""Claims with their predictions, measurements and verdicts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lib.display.html import Page, escape, number, table
from lib.scoring.claims import DATA, VERDICTS, Claim, Measured, magnitude, verdict
from lib.scoring.comparisons import format_interval

COUNTED = [name for name in VERDICTS if name != "not run"]


def prediction(row: Mapping[str, Any], power: str = "") -> Page:
    """A prediction before the run, with where it is written down and what power there is.

    Args:
        row: a row of claims.csv.
    """
    written = f"in commit {row['prediction_commit'][:10]}, {row['prediction_time']}"
    if not row["prediction_time"]:
        written = row["prediction_commit"]
    lines = [
        f"<b>{escape(row['claim'])}</b>: {escape(statement(row))}",
        f"predicted: {_range(row['predicted_low'], row['predicted_high'])} ({escape(written)})",
        f"published: {escape(row['published'])}" if row["published"] else "",
        escape(power),
    ]
    return Page(f"<p>{'<br>'.join(line for line in lines if line)}</p>")


def judgement(row: Mapping[str, Any]) -> Page:
    """A measurement with its verdict.

    Args:
        row: a row of claims.csv.
    """
    measured = "nothing measured"
    if row["measured"] is not None:
        measured = f"measured {number(row['measured'])} ({_range(row['low'], row['high'])})"
    registration = row.get("registration") or ""
    late = "" if registration in ("", "before the run") else f" ({escape(registration)})"
    size = f"; against the paper's figure: {row['magnitude']}" if row["magnitude"] else ""
    return Page(
        f"<p><b>{escape(row['claim'])}: {row['verdict']}</b>{late}: {measured}, "
        f"predicted {_range(row['predicted_low'], row['predicted_high'])}{size}.</p>"
    )


def claims(frame: pd.DataFrame) -> Page:
    """A row per claim.

    Args:
        frame: columns of claims.csv.
    """
    rows = [
        {
            "claim": row["claim"],
            "statement": statement(row),
            "published": row["published"],
            "predicted": _range(row["predicted_low"], row["predicted_high"]),
            "measured": row["measured"],
            "95 % interval": "" if pd.isna(row["low"]) else _range(row["low"], row["high"]),
            "verdict": row["verdict"],
            "magnitude": row["magnitude"],
            "pairs in general": row["general_verdict"],
            "seeds": row["seeds"],
            "prediction": row["problem"] or row["registration"],
            "paper": row["paper"],
            "run": row["run"],
        }
        for row in frame.fillna({"published": "", "problem": ""}).to_dict("records")
    ]
    return Page(table(rows))


def ledger(frame: pd.DataFrame) -> Page:
    """The claims that were measured, a table for each paper; records with a problem, too.

    Args:
        frame: columns of claims.csv.
    """
    shown = frame[frame["measured"].notna() | (frame["problem"].fillna("") != "")]
    parts = []
    for paper, rows in shown.groupby("paper", sort=False, dropna=False):
        counts = rows.loc[rows["problem"].fillna("") == "", "verdict"].value_counts()
        listed = ", ".join(f"{counts[name]} {name}" for name in VERDICTS if name in counts)
        heading = f"arXiv {paper}" if of_paper(paper) else f"{paper}"
        shown_rows = [_ledger_row(row) for row in rows.to_dict("records")]
        body = table(shown_rows, safe=frozenset({"statement"}))
        parts.append(f"<h3>{escape(heading)}: {escape(listed or 'no verdict')}</h3>{body}")
    return Page("".join(parts) or "<p>No claim is measured yet.</p>")


def _ledger_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """What `claims` shows, in fewer columns."""
    row = {name: "" if pd.isna(value) else value for name, value in row.items()}
    measured = row["measured"]
    if measured != "":
        measured = f"{number(measured)} ({_range(row['low'], row['high'])})"
    verdicts = [row["verdict"]]
    verdicts += [f"magnitude: {row['magnitude']}"] if row["magnitude"] else []
    verdicts += [f"in general: {row['general_verdict']}"] if row["general_verdict"] else []
    published = f"<div class='muted'>paper: {escape(row['published'])}</div>"
    text = escape(statement(row)) + (published if row["published"] else "")
    ends = [row[name] for name in ("predicted_low", "predicted_high")]
    return {
        "claim": row["claim"],
        "statement": f"<div style='min-width: 18em'>{text}</div>",
        "predicted": "" if "" in ends else f"{ends[0]:g} to {ends[1]:g}",
        "measured (95 %)": measured,
        "verdict": "; ".join(verdicts),
        "seeds": row["seeds"],
        "prediction": row["problem"] or row["registration"],
        "notebook": row["notebook"],
    }


def not_measured(frame: pd.DataFrame) -> Page:
    """The claims that nothing has measured, with the reason or the command that does it.

    Args:
        frame: columns of claims.csv.
    """
    missing = frame[frame["measured"].isna() & (frame["problem"].fillna("") == "")]
    columns = ("claim", "statement", "published", "reason", "paper")
    rows = missing.fillna({"published": ""}).to_dict("records")
    return Page(table([{name: row[name] for name in columns} for row in rows]))


def of_paper(paper: object) -> bool:
    """Whether a claim is a paper's, by its arXiv number, and not the workbook's own question."""
    return re.match(r"\d{4}\.\d{4}", str(paper)) is not None


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
            "magnitude": "",
            "pairs in general": "",
            "measurement": "",
            "seeds": 0,
        }
        if measured:
            low, high = measured.low, measured.high
            row["verdict"] = verdict(claim, low, high, measured.seeds)
            row["magnitude"] = magnitude(claim, low, high, measured.seeds)
            row |= {"measurement": measured.description, "seeds": measured.seeds}
            if measured.general:
                row["pairs in general"] = format_interval(measured.general, "+")
        rows.append(row)
    return Page(table(rows))


def calibration(frame: pd.DataFrame) -> Page:
    """How many predictions got each verdict: the papers' own claims and the workbook's questions.

    Checks without chance are left out, and records with a problem. What was asked after looking is
    counted apart, and so is what was not under version control.

    Args:
        frame: columns of claims.csv.
    """
    sound = frame["problem"].fillna("") == ""
    frame = frame[sound & (frame["about"] != DATA) & (frame["verdict"] != "not run")]
    rows = []
    for registration, part in frame.groupby("registration", sort=False):
        papers = part["paper"].map(of_paper).astype(bool)
        for whose, claims in (("of a paper", part[papers]), ("the workbook's", part[~papers])):
            if len(claims):
                counts = claims["verdict"].value_counts().to_dict()
                row = {"predicted": registration, "claims": whose, "number": len(claims)}
                rows.append(row | {name: counts.get(name, 0) for name in COUNTED})
    return Page(table(rows) if rows else "<p>No prediction is measured yet.</p>")


def statement(row: Mapping[str, Any]) -> str:
    """What a claim says, preceded by the language pair that it is about here."""
    pair = row.get("pair")
    return f"{pair}: {row['statement']}" if isinstance(pair, str) and pair else row["statement"]


def _range(low: float, high: float) -> str:
    if low != low:  # of a claim without a prediction
        return ""
    return f"{number(float(low))} to {number(float(high))}"
