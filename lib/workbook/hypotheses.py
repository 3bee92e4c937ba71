"""The outputs and trainings of systems, read from the records of a scale's runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pandas as pd

from lib.bounded import BadData, parse_json
from lib.files import Damaged, as_written, read_json
from lib.scoring.outputs import OutputRow
from lib.scoring.power import Cost
from lib.tasks import TASKS
from lib.workbook.manifest_reader import first_began, manifests, run_file, system_folders
from lib.workbook.screen import say
from lib.workbook.trainings import parse_training, read_training

OUTPUTS, TRAINING = "hypotheses.jsonl", "training.csv"  # in the folder of a run
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
    for manifest in finished_runs(scale, notebooks, same):
        parameters = manifest["parameters"]
        for own in read_outputs(manifest):
            pair = [parameters.get(name, getattr(own, name)) for name in WHERE[:2]]
            yield tuple(pair), own


def read_outputs(manifest: dict[str, Any]) -> list[OutputRow]:
    """The outputs of a run; none where it has none, or where they are damaged, which is said.

    Args:
        manifest: from `manifests`.
    """
    data = _file(manifest, OUTPUTS)
    path = manifest["folder"] / OUTPUTS
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    try:
        return [_output_row(line, f"{path}:{number}") for number, line in enumerate(lines, 1)]
    except Damaged as error:
        say(f"left out: {error}", sys.stderr)
        return []


def _file(manifest: dict[str, Any], name: str) -> bytes:
    """A file of a run; empty where it has none, or where it is damaged, which is said."""
    if name not in manifest.get("files", ()) and not (manifest["folder"] / name).exists():
        return b""
    try:
        return run_file(manifest, name)
    except Damaged as error:
        say(f"left out: {error}", sys.stderr)
        return b""


def _output_row(line: bytes, place: str) -> OutputRow:
    """A line of hypotheses.jsonl.

    Raises:
        Damaged: it is none.
    """
    try:
        row = parse_json(line)
        wrong = _wrong_fields(row)
    except BadData as error:
        raise Damaged(f"{place} {error}") from error
    if wrong:
        raise Damaged(f"{place} is not an output ({wrong})")
    return OutputRow(**{name: value for name, value in row.items() if name != "run"})


def _wrong_fields(row: Any) -> str:
    """What keeps a value from being an output; empty: nothing."""
    if not isinstance(row, dict):
        return "no object"
    kinds = _kinds()
    required = {field.name for field in fields(OutputRow) if field.default is MISSING}
    if odd := (required - row.keys()) | (row.keys() - kinds.keys() - {"run"}):
        return f"its fields differ by {min(odd)!r:.100}"
    for name in row.keys() & kinds.keys():
        if type(row[name]) not in kinds[name]:
            return f"{name} is {row[name]!r:.100}"
    return "" if row["task"] in TASKS else f"task is {row['task']!r:.100}"


def first_started(scale: str, notebooks: Sequence[str] = (), **same: Any) -> str:
    """When the first of these runs, or its first training, began (UTC, ISO 8601); empty: none.

    Arguments as for `load_outputs`.
    """
    return min(map(first_began, finished_runs(scale, notebooks, same)), default="")


def load_trainings(scale: str, notebooks: Sequence[str] = (), **same: Any) -> pd.DataFrame:
    """The training tables of these runs, with the columns source, target and seed added.

    Arguments as for `load_outputs`.
    """
    tables = [
        table.assign(**{name: manifest["parameters"].get(name) for name in WHERE})
        for manifest in finished_runs(scale, notebooks, same)
        if (table := parse_training(_file(manifest, TRAINING))) is not None
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def comparison_cost(scale: str, notebooks: Sequence[str] = (), **same: Any) -> Cost | None:
    """What comparing two systems has cost on average in these runs; None where nothing trained.

    Arguments as for `load_outputs`.
    """
    folders = {
        folder
        for manifest in finished_runs(scale, notebooks, same)
        for folder in system_folders(manifest).values()
    }
    tables = [read_training(folder / "training.csv") for folder in folders]
    trainings = [table["seconds"].sum() for table in tables if table is not None]
    decoded = [_decoded(path) for folder in folders for path in folder.glob("outputs/*.json")]
    items, seconds = (sum(column) for column in zip((0, 0.0), *decoded, strict=True))
    if not trainings or not items:
        return None
    return Cost(
        training_minutes=2 * sum(trainings) / len(trainings) / 60,
        decoding_minutes=2 * 1000 * seconds / items / 60,
    )


@cache
def _kinds() -> dict[str, tuple[type, ...]]:
    """The types that each field of an output may have in JSON."""
    found = {name: get_args(kind) or (kind,) for name, kind in get_type_hints(OutputRow).items()}
    return {name: (*kinds, int) if float in kinds else kinds for name, kinds in found.items()}


def _decoded(path: Path) -> tuple[int, float]:
    """Items and seconds of a decoding in the cache; none where the file is damaged."""
    try:
        with as_written(path):
            found = read_json(path)
            return len(found["hypotheses"]), float(found["seconds"])
    except (Damaged, OSError):
        return 0, 0.0


def finished_runs(
    scale: str, notebooks: Sequence[str], same: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The records of finished runs, the oldest first.

    Args:
        notebooks: their numbers; none: all that are about one language pair.
        same: values of parameters; a run without such a parameter is read, too.
    """
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
