"""The tables of a scale, made from the runs' records alone: scores.csv and claims.csv."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lib.files import atomic_path
from lib.scoring.dependence import CLEAN
from lib.workbook.ledger import all_claims
from lib.workbook.manifest_reader import manifests
from lib.workbook.notebooks import notebooks
from lib.workbook.paths import scale_folder
from lib.workbook.run_names import corpus_part

BASELINE = "baseline"  # the system of the baselines
SCORES = [
    *("run", "notebook", "system", "strategy", "stage", "task", "source", "target", "subset"),
    *("metric", "value", "low", "high", "n", "seed", "signature", "commit"),
]


def scores(scale: str) -> pd.DataFrame:
    """All scores of a scale's finished runs."""
    rows = [
        row | {name: manifest[name] for name in ("run", "notebook", "commit")}
        for manifest in manifests(scale)
        if manifest["exit"] == "finished"
        for row in manifest["scores"]
    ]
    return pd.DataFrame(rows, columns=SCORES)


def distinct_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Each system once on each test set: notebooks share systems, and studies have several seeds.

    The first row with the lowest seed is kept; of outputs under changed sound none but the clean.
    Notebooks of ablations are left out: they show their own.
    """
    own = [source.number for source in notebooks() if not source.metadata.overview]
    table = table[~table["notebook"].isin(own)]
    changed = table["run"].isin(table.loc[table["subset"] == CLEAN, "run"])
    table = table[~changed | (table["subset"] == CLEAN)]
    identity = ["system", "strategy", "task", "source", "target", "subset", "metric", "corpus"]
    kept = (
        table.assign(corpus=[corpus_part(name) for name in table["run"]])
        .sort_values("seed", kind="stable")
        .drop_duplicates(identity)
    )
    return table.loc[kept.index.sort_values()]


def collect(scale: str) -> Path:
    """Write both tables; returns the scale's folder."""
    folder = scale_folder(scale)
    for name, table in (("scores.csv", scores(scale)), ("claims.csv", all_claims(scale))):
        with atomic_path(folder / name) as path:
            table.to_csv(path, index=False)
    return folder
