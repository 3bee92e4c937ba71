"""Tags that a listener gives to outputs, in a CSV file that outlives kernels and pages."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from lib.files import atomic_path
from lib.locks import lock

COLUMNS = ("explorer", "request", "tag", "note", "time")


def read_tags(path: Path) -> pd.DataFrame:
    """All tags of a file, with `COLUMNS`; none where there is no file.

    Raises:
        ValueError: it is no CSV file in UTF-8, or lacks a column.
    """
    if not path.exists():
        return pd.DataFrame(columns=list(COLUMNS))
    try:
        found = pd.read_csv(path, dtype=str, keep_default_na=False)
    except ValueError as error:  # pandas's own errors are ValueErrors
        raise ValueError(f"{path} is no file of tags: {error}; move it away") from error
    if missing := [name for name in COLUMNS if name not in found]:
        raise ValueError(f"{path} is no file of tags: it lacks the column {missing[0]!r}")
    return found


def save_tag(path: Path, explorer: str, request: str, tag: str, note: str) -> None:
    """Set the tag of an output; an empty tag and note remove it."""
    with lock(path.with_suffix(".lock"), "saving a tag"):
        found = read_tags(path)
        found = found[(found["explorer"] != explorer) | (found["request"] != request)]
        if tag or note:
            time = datetime.now(UTC).isoformat(timespec="seconds")
            row = pd.DataFrame([[explorer, request, tag, note, time]], columns=list(COLUMNS))
            found = pd.concat([found, row])
        with atomic_path(path) as temporary:
            # a carriage return alone would end a line
            found.to_csv(temporary, index=False, quoting=csv.QUOTE_ALL)
