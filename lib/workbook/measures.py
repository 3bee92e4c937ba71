"""Measures of runs, such as hours and error rates, as a table and as points of a learning curve."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from lib.scoring.learning_curve import CurvePoint
from lib.workbook.hypotheses import finished_runs
from lib.workbook.reference_tables import reference_folder

TABLE = "measures.csv"
COLUMNS = ["run", "notebook", "corpus", "measure", "value"]
AMOUNT = "training_hours"  # the measure that is the x axis


def measures_table(scale: str, numbers: Collection[str], **same: Any) -> pd.DataFrame:
    """A row for each measure of each finished run.

    Args:
        numbers: of notebooks.
        same: values of parameters that a run must have.
    """
    rows = []
    for manifest in finished_runs(scale, sorted(numbers), same):
        given = manifest["parameters"]
        facts = (str(given[name]) for name in ("corpus", "source", "target") if name in given)
        known = {name: manifest[name] for name in ("run", "notebook")}
        known["corpus"] = " ".join(facts)
        rows += [
            known | {"measure": measure, "value": value}
            for measure, value in manifest.get("measures", {}).items()
        ]
    return pd.DataFrame(rows, columns=COLUMNS)


def curve_points(table: pd.DataFrame) -> list[CurvePoint]:
    """The runs of a table that say how many hours they were trained on."""
    found = []
    for _, own in table.groupby("run", sort=True):
        measures = dict(zip(own["measure"], own["value"].astype(float), strict=True))
        if AMOUNT in measures:
            hours = measures.pop(AMOUNT)
            found.append(CurvePoint(corpus=own["corpus"].iloc[0], hours=hours, measures=measures))
    return found


def earlier_points(
    scale: str, number: str, study: str, folder: Path | None = None
) -> list[CurvePoint]:
    """What is known of other trainings: a notebook's records here, and a study's committed table.

    Args:
        number: of the notebook.
        folder: in place of outputs/reference/.
    """
    points = curve_points(measures_table(scale, [number]))
    path = reference_folder(scale, study, folder) / TABLE
    if path.exists():
        kept = pd.read_csv(path, dtype={"run": str, "notebook": str, "corpus": str, "measure": str})
        points += curve_points(kept[kept["notebook"] == number])
    return points
