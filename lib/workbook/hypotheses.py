"""The outputs of systems, read from the records of a scale's runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from lib.scoring.outputs import OutputRow
from lib.workbook.manifest_reader import manifests


def load_outputs(
    scale: str, notebooks: Sequence[str] = (), **same: Any
) -> Iterator[tuple[tuple[str, str], OutputRow]]:
    """The outputs in finished runs of a language pair, the oldest run first, each with that pair.

    Args:
        notebooks: numbers of those whose runs are read; empty: all.
        same: values of parameters, such as corpus="phrasebook", for the runs that have these
            parameters.
    """
    for manifest in sorted(manifests(scale), key=lambda manifest: manifest["finished"]):
        parameters = manifest["parameters"]
        path = manifest["folder"] / "hypotheses.jsonl"
        read = not notebooks or manifest["notebook"] in notebooks
        read &= {"source", "target"} <= parameters.keys()
        read &= manifest["exit"] == "finished" and path.exists()
        if read and all(parameters.get(name, value) == value for name, value in same.items()):
            with open(path, encoding="utf-8") as lines:
                for row in map(json.loads, lines):
                    del row["run"]
                    yield (parameters["source"], parameters["target"]), OutputRow(**row)
