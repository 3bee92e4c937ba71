"""Sealed predictions: predictions.jsonl of a scale, added to before each run and never rewritten.

A line is a prediction as it was when a run began, with the hash of the line before. Records keep
the number of lines and the last one's hash, so that lines which were edited or cut off later are
found, without git too. Who rewrites the whole file and every record is not found.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lib.bounded import BadData, parse_json, read_regular
from lib.files import content_hash, write_text
from lib.locks import lock
from lib.systems import registry
from lib.workbook.paths import scale_folder
from lib.workbook.predictions import POST_HOC, prediction, prediction_hash
from lib.workbook.version_control import git

FILE = "predictions.jsonl"
DIGITS = 32  # of a line's hash
REMEDY = "restore it, or move it away"  # then runs are sealed anew, and earlier ones no more


@dataclass(frozen=True, kw_only=True)
class Seals:
    """The lines of a scale's sealed predictions, the oldest first."""

    lines: list[str] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)  # up to the first broken line
    broken: str = ""  # what is wrong with the chain, in a sentence

    @property
    def head(self) -> dict[str, Any]:
        """Number of lines, and the hash of the last: what a run's record keeps."""
        return {"lines": len(self.lines), "hash": _hash(self.lines[-1] if self.lines else "")}

    def last(self, claim_id: str, until: str = "") -> dict[str, Any] | None:
        """The last prediction of a claim, or the last that was sealed by a time (UTC)."""
        known = [entry for entry in self.entries if entry["claim"] == claim_id]
        known = [entry for entry in known if not until or entry["time"] <= until]
        return known[-1] if known else None

    def problem(self, row: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
        """What is wrong with the prediction of a row of claims: empty, or one sentence.

        A run may judge on runs before it, so a prediction that was sealed as another one when the
        first of them began is a changed one. One that is *post hoc* anyway may be newer than they.

        Args:
            manifest: the record that has the row; earlier versions sealed nothing.
        """
        if self.broken:
            return self.broken
        if seen := manifest.get("sealed"):
            known = slice(seen["lines"])
            at_start = Seals(lines=self.lines[known], entries=self.entries[known])
            if at_start.head != seen:
                return f"edited: {FILE} is not the one that this run began with"
            sealed = at_start.last(row["claim"])
            if sealed is None or sealed["prediction_hash"] != row["prediction_hash"]:
                return "the prediction was not sealed when the run began"
        since = row.get("since")
        before = self.last(row["claim"], since) if since else None
        if before is None or row["registration"] == POST_HOC:
            return ""
        if before["prediction_hash"] != row["prediction_hash"]:
            return f"the prediction was another one on {before['time']}, before its runs began"
        return ""


def read_seals(scale: str) -> Seals:
    """Read the sealed predictions of a scale, and follow the chain."""
    path = scale_folder(scale) / FILE
    try:
        text = read_regular(path).decode("utf-8") if path.exists() else ""
    except (OSError, BadData, UnicodeDecodeError) as error:
        return Seals(broken=f"{FILE} cannot be read ({error}); {REMEDY}")
    lines = text.removesuffix("\n").split("\n") if text else []
    entries: list[dict[str, Any]] = []
    before = ""
    for number, line in enumerate(lines, 1):
        entry = _parsed(line)
        if entry is None or entry["previous"] != _hash(before):
            broken = f"edited: line {number} of {FILE} does not follow from the one before; "
            broken += REMEDY
            return Seals(lines=lines, entries=entries, broken=broken)
        entries.append(entry)
        before = line
    return Seals(lines=lines, entries=entries)


def seal(scale: str) -> dict[str, Any]:
    """Add the predictions that are not the last ones sealed; returns `Seals.head`."""
    path: Path = scale_folder(scale) / FILE
    with lock(path.with_name(f".{FILE}.lock"), f"{FILE} of {scale}"):
        seals = read_seals(scale)
        if seals.broken:  # it stays as it is, for whoever restores it
            return seals.head
        lines, commit = seals.lines, git("rev-parse", "HEAD") or "no git"
        time = datetime.now(UTC).isoformat(timespec="seconds")
        for row in map(prediction, registry.claims().values()):
            last = seals.last(row["claim"])
            if last is None or last["prediction_hash"] != row["prediction_hash"]:
                previous = _hash(lines[-1] if lines else "")
                entry = row | {"time": time, "commit": commit, "previous": previous}
                lines = [*lines, json.dumps(entry, ensure_ascii=False)]
        if lines != seals.lines:
            write_text(path, "".join(f"{line}\n" for line in lines))
        return Seals(lines=lines).head


def _parsed(line: str) -> dict[str, Any] | None:
    """A line; None where it is none, or where its prediction is not the one that was hashed."""
    try:
        entry = parse_json(line)
    except BadData:
        return None
    known = isinstance(entry, dict) and all(
        isinstance(entry.get(name), str) for name in ("claim", "time", "previous")
    )
    return entry if known and prediction_hash(entry) == entry.get("prediction_hash") else None


def _hash(line: str) -> str:
    return content_hash(line, DIGITS)
