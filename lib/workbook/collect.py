"""The tables of a scale, made again from the runs' records alone: scores.csv and claims.csv."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lib.files import atomic_path
from lib.scoring.table import Said
from lib.workbook.paths import scale_folder
from lib.workbook.record import read_manifest_of

SCORES = "run,notebook,system,strategy,stage,task,source,target,subset,metric,value,low,high,n,seed,signature,commit".split(",")
CLAIMS = "claim,paper,statement,predicted_low,predicted_high,measured,low,high,seeds,verdict,notebook,run".split(",")


def manifests(scale: str) -> list[dict[str, Any]]:
    """The records of all runs of a scale, by name; each knows its folder."""
    runs = scale_folder(scale) / "runs"
    found = [(path, read_manifest_of(path)) for path in sorted(runs.iterdir())] if runs.exists() else []
    return [manifest | {"folder": path} for path, manifest in found if manifest]


def scores(scale: str) -> pd.DataFrame:
    """All scores of a scale's finished runs."""
    rows = [
        row | {name: manifest[name] for name in ("run", "notebook", "commit")}
        for manifest in manifests(scale)
        if manifest["exit"] == "finished"
        for row in manifest["scores"]
    ]
    return pd.DataFrame(rows, columns=SCORES)


def said(scale: str, notebooks: Sequence[str], **same: Any) -> Iterator[tuple[tuple[str, str], Said]]:
    """What systems said in the finished runs of some notebooks, row by row from the oldest run on, with the run's language pair.

    Args:
        same: parameters that the runs must have where they have them at all, such as corpus="phrasebook".
    """
    for manifest in sorted(manifests(scale), key=lambda manifest: manifest["finished"]):
        given = manifest["parameters"]
        wanted = manifest["notebook"] in notebooks and manifest["exit"] == "finished"
        if wanted and all(given.get(name, value) == value for name, value in same.items()):
            with open(manifest["folder"] / "hypotheses.jsonl", encoding="utf-8") as lines:
                for line in lines:
                    row = Said(**{name: value for name, value in json.loads(line).items() if name != "run"})
                    yield (given["source"], given["target"]), row


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
