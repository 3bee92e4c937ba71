"""The outputs and trainings of systems, read from the records of a scale's runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from lib.files import read_json
from lib.scoring.outputs import OutputRow
from lib.scoring.power import Cost
from lib.workbook.manifest_reader import first_began, manifests
from lib.workbook.paths import cache

WHERE = ("source", "target", "seed")  # parameters that become columns of a training table


def load_outputs(
    scale: str, notebooks: Sequence[str] = (), **same: Any
) -> Iterator[tuple[tuple[str, str], OutputRow]]:
    """The outputs in finished runs, the oldest run first, each with the run's language pair.

    The pair of a run that has none, as it trains on several, is that of the output.

    Args:
        notebooks: numbers of those whose runs are read; empty: all with a language pair.
        same: values of parameters, such as corpus="phrasebook", for the runs that have these
            parameters.
    """
    for manifest in _runs(scale, notebooks, same):
        parameters = manifest["parameters"]
        path = manifest["folder"] / "hypotheses.jsonl"
        if path.exists():
            with open(path, encoding="utf-8") as lines:
                for row in map(json.loads, lines):
                    del row["run"]
                    own = OutputRow(**row)
                    pair = [parameters.get(name, getattr(own, name)) for name in WHERE[:2]]
                    yield tuple(pair), own


def first_started(scale: str, notebooks: Sequence[str] = (), **same: Any) -> str:
    """When the first of these runs, or its first training, began (UTC, ISO 8601); empty: none.

    Arguments as for `load_outputs`.
    """
    return min(map(first_began, _runs(scale, notebooks, same)), default="")


def load_trainings(scale: str, notebooks: Sequence[str] = (), **same: Any) -> pd.DataFrame:
    """The training tables of these runs, with the columns source, target and seed added.

    Arguments as for `load_outputs`.
    """
    tables = [
        pd.read_csv(path).assign(**{name: manifest["parameters"].get(name) for name in WHERE})
        for manifest in _runs(scale, notebooks, same)
        if (path := manifest["folder"] / "training.csv").exists()
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def comparison_cost(scale: str, notebooks: Sequence[str] = (), **same: Any) -> Cost | None:
    """What comparing two systems has cost on average in these runs; None where nothing trained.

    Arguments as for `load_outputs`.
    """
    folders = {
        cache() / name
        for manifest in _runs(scale, notebooks, same)
        for name in manifest["systems"].values()
    }
    tables = [folder / "training.csv" for folder in folders]
    trainings = [pd.read_csv(path)["seconds"].sum() for path in tables if path.exists()]
    decoded = [read_json(path) for folder in folders for path in folder.glob("outputs/*.json")]
    items = sum(len(found["hypotheses"]) for found in decoded)
    if not trainings or not items:
        return None
    seconds = sum(found["seconds"] for found in decoded)
    return Cost(
        training_minutes=2 * sum(trainings) / len(trainings) / 60,
        decoding_minutes=2 * 1000 * seconds / items / 60,
    )


def _runs(scale: str, notebooks: Sequence[str], same: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records of finished runs, the oldest first."""
    found = []
    for manifest in sorted(manifests(scale), key=lambda manifest: manifest["finished"]):
        parameters = manifest["parameters"]
        if notebooks:
            read = manifest["notebook"] in notebooks
        else:
            read = {"source", "target"} <= parameters.keys()
        read &= manifest["exit"] == "finished"
        if read and all(parameters.get(name, value) == value for name, value in same.items()):
            found.append(manifest)
    return found
