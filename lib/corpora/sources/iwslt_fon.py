"""IWSLT's Fongbe-French: Fongbe speech with French translations (FFSTC, extended for 2025)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import Entries, Lines, NotObtained
from lib.corpora.sources.splits import train_or_dev
from lib.utterance import Finding, Utterance

COLUMNS = ("ID", "utterance", "filename", "duration")
DEV_EVERY = 10  # one training sentence in 10


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read train.csv and valid.csv with train/FILENAME and valid/FILENAME; the text is French.

    The layout is that of a participant's reader. The published valid is the test set here, since
    the test set of 2025 has no references. A tenth of train is dev, by hash of the French sentence,
    so that a repeated sentence is in one split.
    """
    if spoken not in (None, "fon") or written not in (None, "fra"):
        return
    paths = [path for part in ("train", "valid") if (path := folder / f"{part}.csv").is_file()]
    if not paths:
        remedy = "`folder` must hold the unpacked archive's lists beside train/ and valid/"
        raise NotObtained(f"{folder} has no train.csv or valid.csv; {remedy}")
    for path in paths:
        lines = Lines(path, folder)
        for entry in _rows(lines):
            if isinstance(entry, Finding):
                yield entry
                continue
            number, row = entry
            text = row["utterance"]
            yield Utterance(
                id=f"{path.stem}-{row['ID']}",
                audio=folder / path.stem / row["filename"],
                seconds=float(row["duration"]),
                language="fon",
                speaker="",
                split="test" if path.stem == "valid" else train_or_dev(text, DEV_EVERY),
                texts={"fra": text.strip()},
                origin=lines.origin(number),
            )


def _rows(lines: Lines) -> Iterator[tuple[int, dict[str, str]] | Finding]:
    """Read CSV with a header, line by line: a text with a comma is quoted."""
    header: list[str] = []
    for number, line in lines:
        try:
            (fields,) = csv.reader([line], strict=True)
            row = dict(zip(header or fields, fields, strict=True))
            if header:
                float(row["duration"])
        except (csv.Error, ValueError) as error:
            problem = f"is not {', '.join(header or COLUMNS)} ({error})"
            remedy = "look for a quote, a comma or a line break within a text"
            yield lines.finding(number, "columns", problem, remedy)
            continue
        if header:
            yield number, row
        elif not set(COLUMNS) <= set(fields):
            wanted, known = ", ".join(COLUMNS), ", ".join(fields)
            raise ValueError(f"{lines.path} lacks one of the columns {wanted}; it has {known}")
        header = header or fields
    yield from lines.findings
