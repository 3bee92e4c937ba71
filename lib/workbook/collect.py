"""The tables of a scale, made again from the runs' records alone: scores.csv and claims.csv."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lib.files import atomic_path
from lib.workbook.manifests import manifests
from lib.workbook.paths import scale_folder

SCORES = "run,notebook,system,strategy,stage,task,source,target,subset,metric,value,low,high,n,seed,signature,commit".split(",")
CLAIMS = "claim,paper,statement,predicted_low,predicted_high,measured,low,high,seeds,verdict,notebook,run".split(",")


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
        row | {name: manifest[name] for name in ("run", "notebook")}
        for manifest in manifests(scale)
        for row in manifest["claims"]
    ]
    return pd.DataFrame(rows, columns=CLAIMS)


def once(table: pd.DataFrame) -> pd.DataFrame:
    """Of a scores table each system once on each test set: notebooks share systems, and a study has several seeds of each.

    The lowest seed is kept, of the first run that has it.
    """
    what = ["system", "strategy", "task", "source", "target", "subset", "metric"]
    corpus = table["run"].str.extract("corpus=([^,]+)", expand=False).fillna("phrasebook")
    kept = table.assign(corpus=corpus).sort_values("seed", kind="stable").drop_duplicates([*what, "corpus"])
    return table.loc[kept.index.sort_values()]


def of_most_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Of a claims table each claim as the runs with the most seeds judged it: a study stands for the single runs it is made of."""
    return table[table["seeds"] == table.groupby("claim")["seeds"].transform("max")]


def collect(scale: str) -> Path:
    """Write both tables; returns the scale's folder."""
    folder = scale_folder(scale)
    for name, table in (("scores.csv", scores(scale)), ("claims.csv", claims(scale))):
        with atomic_path(folder / name) as new:
            table.to_csv(new, index=False)
    return folder
