"""Scores and claims as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from tabulate import tabulate

from lib.display.claim_views import statement
from lib.scoring.metrics import lower_is_better
from lib.scoring.outputs import metric_name
from lib.tasks import TASKS
from lib.workbook.collect import BASELINE, distinct_scores, scores
from lib.workbook.ledger import claims, judged_by_most_seeds
from lib.workbook.manifest_reader import damage
from lib.workbook.paths import scale_folder


def main_metric(task: str) -> str:
    """The first metric of a task, under its name in the score table."""
    return metric_name(*TASKS[task].metrics[0])


def headline(scores: Sequence[dict[str, Any]]) -> str:
    """The first score of the task that has baselines, beside its best baseline; may be empty."""
    main = [row for row in scores if row["metric"] == main_metric(row["task"])]
    baselines = [row for row in main if row["system"] == BASELINE]
    tasks = {row["task"] for row in baselines}
    ours = [row for row in main if row["system"] != BASELINE and row["task"] in tasks]
    if not ours:
        return ""
    row = ours[0]
    same = ("task", "source", "target")
    rivals = [rival["value"] for rival in baselines if all(rival[key] == row[key] for key in same)]
    text = f"{row['source']}→{row['target']} {row['metric']} {row['value']:.1f}"
    text += f" ({row['low']:.1f} to {row['high']:.1f})"
    best = min if lower_is_better(row["metric"]) else max
    return f"{text}, best baseline {best(rivals):.1f}" if rivals else text


def summary(scale: str, runs: Sequence[str] | None = None) -> str:
    """The scores and claims of some runs, or the main score of each system and each claim once."""
    rows, found = scores(scale), claims(scale)
    metrics = {
        task.name: [metric_name(*entry) for entry in task.metrics if entry[1] == task.metrics[0][1]]
        for task in TASKS.values()
    }
    if runs is not None:
        rows, found = rows[rows["run"].isin(runs)], found[found["run"].isin(runs)]
    else:
        metrics = {task: names[:1] for task, names in metrics.items()}
        rows, found = distinct_scores(rows), judged_by_most_seeds(found)
    shown = [row["metric"] in metrics[row["task"]] for row in rows.to_dict("records")]
    rows = rows.loc[pd.Series(shown, index=rows.index, dtype=bool)]
    lines = []
    if len(rows):
        lines += ["", "Scores", _table(_score_view(rows))]
    if len(found):
        lines += ["", "Claims", _table(claim_view(found), maxcolwidths=[None, 44])]
    if damaged := damage(scale):
        lines += ["", "Damaged", *damaged]
    folder = scale_folder(scale)
    return "\n".join([*lines, "", f"Tables: {folder / 'scores.csv'}, {folder / 'claims.csv'}"])


def _score_view(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "run": rows["run"],
            "system": rows["system"] + " " + rows["strategy"],
            "task": [
                f"{task} {source}→{target}" + (f", {subset}" if subset != "test" else "")
                for task, source, target, subset in zip(
                    *(rows[name] for name in ("task", "source", "target", "subset")), strict=True
                )
            ],
            "metric": rows["metric"],
            "value": rows["value"],
            "95 % interval": [
                f"{low:.1f} to {high:.1f}"
                for low, high in zip(rows["low"], rows["high"], strict=True)
            ],
            "n": rows["n"],
        }
    )


def claim_view(rows: pd.DataFrame) -> pd.DataFrame:
    """Claims as a terminal shows them; a problem of the record takes its verdict's place."""
    return pd.DataFrame(
        [
            {
                "claim": row["claim"],
                "statement": statement(row),
                "predicted": f"{row['predicted_low']:g} to {row['predicted_high']:g}",
                "measured": _measured(row),
                "verdict": row["problem"] or row["verdict"],
                "magnitude": row["magnitude"],
                "seeds": row["seeds"],
                "run": row["run"],
            }
            for row in rows.fillna({"magnitude": "", "problem": ""}).to_dict("records")
        ]
    )


def _measured(row: dict[str, Any]) -> str:
    if pd.isna(row["measured"]):
        return ""
    interval = "" if row["low"] == row["high"] else f" ({row['low']:.1f} to {row['high']:.1f})"
    return f"{row['measured']:.1f}{interval}"


def _table(view: pd.DataFrame, **options: Any) -> str:
    return tabulate(view, headers="keys", showindex=False, floatfmt=".1f", **options)
