"""Open questions by paper: what answers each, the answer so far, and what it still needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lib.display.html import Page, escape, number, table
from lib.scoring.claims import VERDICTS

NOT_RUN = "not run"
WIDE = "min-width: 25em"  # of the column with the answers
MAX_ROWS = 3  # of one claim, such as language pairs; of further ones the verdicts are counted


def questions(
    rows: Sequence[Mapping[str, Any]],
    claims: pd.DataFrame,
    reference: pd.DataFrame | None = None,
    scale: str = "tiny",
) -> Page:
    """A table for each paper.

    Args:
        rows: id, paper, question, notebooks, command, claims, answered_at, needs; planned and
            finished: the number of runs that the command makes, and of those with a record.
        claims: columns of claims.csv, of this machine.
        reference: the same of the committed reference run; None: there is none at this scale.
    """
    parts = []
    for paper in dict.fromkeys(row["paper"] for row in rows):
        own = [_row(row, claims, reference, scale) for row in rows if row["paper"] == paper]
        cells = frozenset({"question", "how to answer it", "answer so far", "needs"})
        parts.append(f"<h3>{escape(paper)}</h3>{table(own, safe=cells)}")
    return Page("".join(parts))


def _row(
    row: Mapping[str, Any], claims: pd.DataFrame, reference: pd.DataFrame | None, scale: str
) -> dict[str, str]:
    plural = "notebooks" if len(row["notebooks"]) > 1 else "notebook"
    return {
        "question": f"<b>{escape(row['id'])}</b> {escape(row['question'])}",
        "how to answer it": f"{plural} {escape(', '.join(row['notebooks']))}<br>"
        f"<code>python -m lib.workbook {escape(row['command'])}</code>",
        "answer so far": _answer(row, claims, reference, scale),
        "needs": _needs(row),
    }


def _needs(row: Mapping[str, Any]) -> str:
    place = "this machine"
    if row["answered_at"] not in ("smoke", "tiny"):
        place = f"scale {row['answered_at']}, not this machine"
    return f"<b>{escape(place)}</b><br>{escape(row['needs'])}"


def _answer(
    row: Mapping[str, Any], claims: pd.DataFrame, reference: pd.DataFrame | None, scale: str
) -> str:
    """The verdict of each claim, and how much of the command has been run."""
    lines: list[str] = []
    for claim in row["claims"]:
        found, source = _judged(claims, claim), ""
        if not found and reference is not None:
            found, source = _judged(reference, claim), f"; reference run, {scale}"
        if found:
            lines.append(f"{escape(claim)}: {escape(found[0]['statement'] + source)}")
            lines += _verdicts(found)
        else:
            lines.append(f"{escape(claim)}: {NOT_RUN}")
    if not row["claims"] and not row["finished"]:
        lines.append(NOT_RUN)
    done = f"{row['finished']} of {row['planned']} runs of the command have a record"
    lines.append(f"<span class='muted'>{done}</span>")
    return f"<div style='{WIDE}'>{'<br>'.join(lines)}</div>"


def _judged(frame: pd.DataFrame, claim: str) -> list[dict[str, Any]]:
    """The rows of a claim that measured something."""
    found = frame[(frame["claim"] == claim) & frame["measured"].notna()]
    return found[found["verdict"] != NOT_RUN].to_dict("records")


def _verdicts(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each row of a claim, the rest counted."""
    lines = [_verdict(row) for row in rows[:MAX_ROWS]]
    rest = [row["verdict"] for row in rows[MAX_ROWS:]]
    counted = [f"{rest.count(name)} {name}" for name in VERDICTS if name in rest]
    return [*lines, f"and {', '.join(counted)}"] if counted else lines


def _verdict(row: Mapping[str, Any]) -> str:
    """One line, such as "held: 3.22 (1.07 to 5.37; 2 seeds)"."""
    facts = ["no interval"]
    if pd.notna(row["low"]):
        facts = [f"{number(float(row['low']))} to {number(float(row['high']))}"]
    facts.append("1 seed" if row["seeds"] == 1 else f"{int(row['seeds'])} seeds")
    facts += [row[name] for name in ("pair", "problem") if _is_text(row.get(name))]
    measured = f"{number(float(row['measured']))} ({'; '.join(facts)})"
    return f"<b>{escape(row['verdict'])}</b>: {escape(measured)}"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
