"""How the systems of a run were trained, as one table, and such tables read again."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lib.bounded import BadData, read_regular

NUMERIC = ("update", "seconds", "loss", "peak_memory_mb", "score")  # columns that are read


def training_table(folders: Mapping[str, Path]) -> bytes:
    """The tables of some systems as one CSV; empty where none has been trained.

    Args:
        folders: system -> its folder in the cache.
    """
    tables = [
        table.assign(system=name)
        for name, folder in folders.items()
        if (table := read_training(folder / "training.csv")) is not None
    ]
    if not tables:
        return b""
    joined = pd.concat(tables)
    columns = ["system", *joined.columns.drop("system")]
    return joined[columns].to_csv(index=False).encode()


def read_training(path: Path) -> pd.DataFrame | None:
    """The table of one training; None where it is not there or damaged, as it is only a log."""
    try:
        return parse_training(read_regular(path))
    except (OSError, BadData):
        return None


def parse_training(data: bytes) -> pd.DataFrame | None:
    """A training table; None where it cannot be read, or holds no number where one must be."""
    try:
        table = pd.read_csv(io.BytesIO(data))
    except ValueError:  # of pandas and of decoding
        return None
    known = table.columns.intersection(NUMERIC)
    numeric = all(pd.api.types.is_numeric_dtype(table[name]) for name in known)
    return table if numeric and "update" in known else None
