"""The tables of a scale, made from the runs' records alone: scores.csv and claims.csv."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lib.files import atomic_path
from lib.scoring.dependence import CLEAN
from lib.workbook.manifest_reader import manifests
from lib.workbook.paths import scale_folder
from lib.workbook.power import VARIANCES
from lib.workbook.predictions import problem
from lib.workbook.run_names import corpus_part

BASELINE = "baseline"  # the system of the baselines
SCORES = [
    *("run", "notebook", "system", "strategy", "stage", "task", "source", "target", "subset"),
    *("metric", "value", "low", "high", "n", "seed", "signature", "commit"),
]
CLAIMS = [
    *("claim", "paper", "statement", "predicted_low", "predicted_high", "measured", "low", "high"),
    *("seeds", "verdict", "notebook", "run", "published"),
    *("pair", "magnitude", "about", "since", "registration", "problem"),
    *("general_low", "general_high", "general_verdict", "published_low", "published_high"),
    *("pairs", "measurement", *VARIANCES),
    *("post_hoc", "measure", "prediction_hash", "prediction_commit", "prediction_time"),
    *("commit", "started"),
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


def claims(scale: str) -> pd.DataFrame:
    """All claims of a scale's runs, with their predictions and verdicts."""
    rows = [
        row
        | {name: manifest[name] for name in ("run", "notebook", "commit", "started")}
        | {"problem": problem(row)}
        for manifest in manifests(scale)
        for row in manifest["claims"]
    ]
    return pd.DataFrame(rows, columns=CLAIMS)


def distinct_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Each system once on each test set: notebooks share systems, and studies have several seeds.

    The first row with the lowest seed is kept; of outputs under changed sound none but the clean.
    """
    changed = table["run"].isin(table.loc[table["subset"] == CLEAN, "run"])
    table = table[~changed | (table["subset"] == CLEAN)]
    identity = ["system", "strategy", "task", "source", "target", "subset", "metric", "corpus"]
    kept = (
        table.assign(corpus=[corpus_part(name) for name in table["run"]])
        .sort_values("seed", kind="stable")
        .drop_duplicates(identity)
    )
    return table.loc[kept.index.sort_values()]


def judged_by_most_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Each claim as judged by the runs with the most seeds: a study replaces its single runs.

    Rows with a problem are kept, but replace no other.
    """
    sound = table["seeds"].where(table["problem"] == "", 0)
    most = sound.groupby(table["claim"]).transform("max")
    kept = table[(table["seeds"] == most) | (table["problem"] != "")]
    return kept.drop_duplicates(["claim", "pair", "measured", "problem"])


def collect(scale: str) -> Path:
    """Write both tables; returns the scale's folder."""
    folder = scale_folder(scale)
    for name, table in (("scores.csv", scores(scale)), ("claims.csv", claims(scale))):
        with atomic_path(folder / name) as path:
            table.to_csv(path, index=False)
    return folder
