"""IWSLT's Fongbe-French: Fon speech with French translations (FFSTC, extended for 2025), as a participant's reader takes it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import Lines, NotObtained
from lib.corpora.sources.splits import one_in
from lib.utterance import Finding, Utterance

COLUMNS = ("ID", "utterance", "filename", "duration")
DEV_SHARE = 10  # one in so many training sentences


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The clips of train.csv and valid.csv, whose sound is train/FILENAME and valid/FILENAME; the text is French.

    The published valid becomes the test set, since the one of 2025 has no references. A tenth of train becomes dev, by the hash
    of the French sentence, so that a sentence said twice stays on one side.
    """
    if spoken not in (None, "fon") or written not in (None, "fra"):
        return
    lists = [path for part in ("train", "valid") if (path := folder / f"{part}.csv").is_file()]
    if not lists:
        raise NotObtained(
            f"{folder} has no train.csv or valid.csv; `folder` must be the unpacked archive's, beside train/ and valid/"
        )
    for path in lists:
        for entry in _rows(Lines(path, folder)):
            if isinstance(entry, Finding):
                yield entry
                continue
            origin, row = entry
            held = path.stem == "train" and one_in(DEV_SHARE, row["utterance"])
            yield Utterance(
                id=f"{path.stem}-{row['ID']}",
                audio=folder / path.stem / row["filename"],
                seconds=float(row["duration"]),
                language="fon",
                speaker="",
                split="test" if path.stem == "valid" else "dev" if held else "train",
                texts={"fra": row["utterance"].strip()},
                origin=origin,
            )


def _rows(lines: Lines) -> Iterator[tuple[str, dict[str, str]] | Finding]:
    """The lines as CSV with a header, each with where it stands; a text with a comma has quotes around it."""
    header: list[str] = []
    for number, line in lines:
        try:
            (fields,) = csv.reader([line], strict=True)
            row = dict(zip(header or fields, fields, strict=True))
            if header:
                float(row["duration"])
        except (csv.Error, ValueError) as error:
            what = f"is not {', '.join(header or COLUMNS)} ({error})"
            yield Finding("columns", "", lines.at(number), what, "look for a quote, a comma or a line break within a text")
            continue
        if header:
            yield lines.at(number), row
        elif not set(COLUMNS) <= set(fields):
            raise ValueError(f"{lines.path} lacks one of the columns {', '.join(COLUMNS)}; it has {', '.join(fields)}")
        header = header or fields
    yield from lines.findings
