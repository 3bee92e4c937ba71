"""A user's own recordings: a manifest beside the audio, as TSV, JSON lines or lhotse cuts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.genders import gender_of
from lib.corpora.sources.reading import Entries, Lines, Table
from lib.corpora.sources.splits import hash_bucket
from lib.languages import LANGUAGES
from lib.utterance import SPLITS, Finding, Utterance

# of a TSV, or keys of a JSON line
COLUMNS = (
    "audio",  # path relative to the manifest
    "source",  # spoken language, ISO 639-3
    "id",
    "split",
    "target",  # language of the translation
    "transcript",
    "translation",
    "speaker",
    "gender",
    "seconds",
    "start",  # seconds into the file, for a part of a longer recording
    "licence",
    "question",
    "answer",  # several: "a|b"; empty: the question cannot be answered
)
REQUIRED = ("audio", "source")
SPLIT_ALIASES = {"valid": "dev", "validation": "dev"}
HASH_SPLITS = ("train",) * 8 + ("dev", "test")  # for lines without a split
SURROGATE = re.compile("[\ud800-\udfff]")  # half a character: JSON can hold it, UTF-8 cannot


class BadManifest(ValueError):
    """A manifest that cannot be used at all. The message names the file and the remedy."""


class BadLine(ValueError):
    """A manifest line that is not an utterance."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


def read(manifest: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read a manifest: `.tsv` with COLUMNS, `.jsonl` or `.jsonl.gz`, which may be lhotse cuts.

    JSON may give `texts` (language -> text) instead of transcript and translation. Lines whose
    target is not `written` are skipped. A line without a split gets one by hash of its texts (8 of
    10 train, 1 dev, 1 test), which puts speakers in several splits.

    Raises:
        BadManifest: the file is missing, of another kind, or lacks a required column.
    """
    path = Path(manifest).expanduser()
    _check_path(path)
    lines_without_split = 0
    for entry in _tsv_rows(path) if path.suffix == ".tsv" else _json_rows(path):
        if isinstance(entry, Finding):
            yield entry
            continue
        origin, row = entry
        row = {column: value for column, value in row.items() if value not in (None, "")}
        if spoken not in (None, row.get("source")):
            continue
        if written and row.get("target") not in (None, written):
            continue
        try:
            utterance = _utterance(origin, row, path.parent)
        except BadLine as error:
            name = row.get("id") or _default_id(row)
            problem, remedy = error.problem, error.remedy
        except (AttributeError, TypeError, ValueError) as error:
            name, problem = row.get("id", ""), f"has a value of a wrong type ({error})"
            remedy = "correct the line"
        else:
            lines_without_split += "split" not in row
            yield utterance
            continue
        yield Finding(step="line", id=str(name), origin=origin, problem=problem, remedy=remedy)
    if lines_without_split:
        yield Finding(
            step="split",
            origin=f"{path.name}:1",
            problem=(
                f"{lines_without_split} lines name no split: by hash of their texts, 8 of 10 are "
                "train, 1 dev, 1 test"
            ),
            remedy="add a column split, to keep speakers apart",
            outcome="noted",
        )


def _check_path(path: Path) -> None:
    if path.is_dir():
        suffixes = (".tsv", ".jsonl", ".jsonl.gz")
        first = min((p for p in path.iterdir() if p.name.endswith(suffixes)), default=None)
        hint = f", such as {first}" if first else ""
        raise BadManifest(f"{path} is a folder; give the path of its manifest{hint}")
    if not path.is_file():
        remedy = "give the path of a TSV, of JSON lines or of lhotse cuts"
        raise BadManifest(f"{path} is not there; {remedy}")
    if path.suffix not in (".tsv", ".jsonl", ".gz"):
        remedy = "save a table as text with tabs between its columns"
        raise BadManifest(f"{path} is not .tsv, .jsonl or .jsonl.gz; {remedy}")


def _tsv_rows(path: Path) -> Iterator[tuple[str, dict] | Finding]:
    table = Table(path, path.parent, REQUIRED)
    columns = ", ".join(COLUMNS)
    try:
        for number, row in table:
            yield table.origin(number), row
    except ValueError as error:
        required = " and ".join(REQUIRED)
        hint = f"A manifest has the columns {columns}; {required} are required"
        raise BadManifest(f"{error}. {hint}") from error
    yield from table.findings
    unknown = ", ".join(name for name in table.header if name not in COLUMNS)
    if unknown:
        problem, remedy = f"the column {unknown} is not read", f"known columns: {columns}"
        yield table.finding(1, "columns", problem, remedy, "noted")


def _json_rows(path: Path) -> Iterator[tuple[str, dict] | Finding]:
    lines = Lines(path, path.parent)
    for number, line in lines:
        if not line.strip():
            continue
        problem = ""
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            problem = f"is not JSON ({error})"
        else:
            if not isinstance(row, dict):
                problem = "is JSON, but not an object"
            elif SURROGATE.search(json.dumps(row, ensure_ascii=False)):
                problem = "holds half a surrogate pair, which is not a character"
        if problem:
            yield lines.finding(number, "line", problem, "correct or delete the line")
        elif str(row.get("type", "")).endswith("Cut"):
            yield from _cut_rows(lines, number, row)
        else:
            yield lines.origin(number), row
    yield from lines.findings


def _cut_rows(lines: Lines, number: int, cut: dict) -> Iterator[tuple[str, dict] | Finding]:
    """The rows of a lhotse cut, one for each supervision."""
    if cut["type"] != "MonoCut" or not cut.get("recording") or not cut.get("supervisions"):
        problem = "is not a MonoCut with a recording and a supervision"
        yield lines.finding(number, "line", problem, "leave it out", id=str(cut.get("id", "")))
        return
    recording = cut["recording"]
    for supervision in cut["supervisions"]:
        start, seconds = cut["start"] + supervision["start"], supervision["duration"]
        whole_file = math.isclose(start, 0.0) and math.isclose(seconds, recording["duration"])
        row = {
            "id": supervision["id"],
            "audio": recording["sources"][0]["source"],
            "source": supervision.get("language"),
            "speaker": supervision.get("speaker"),
            "gender": supervision.get("gender"),
            "transcript": supervision.get("text"),
            "seconds": seconds,
            "start": None if whole_file else start,
        }
        yield lines.origin(number), (supervision.get("custom") or {}) | row


def _utterance(origin: str, row: dict, folder: Path) -> Utterance:
    """A row without empty values as an utterance.

    Raises:
        BadLine: a value is missing or wrong.
    """
    _check_row(row)
    seconds, start = _number(row, "seconds"), _number(row, "start")
    if start is not None and seconds is None:
        raise BadLine("it has a start but no seconds", "give the length of the part in seconds")
    texts = {code: str(text) for code, text in row.get("texts", {}).items()}
    if "transcript" in row:
        texts[row["source"]] = str(row["transcript"])
    if "target" in row:  # curation reports an empty translation
        texts.setdefault(row["target"], str(row.get("translation", "")))
    name = str(row.get("id") or _default_id(row))
    split = row.get("split")
    if split is None:
        split = HASH_SPLITS[hash_bucket(" ".join(texts.values()) or name, len(HASH_SPLITS))]
    return Utterance(
        id=name,
        audio=folder / str(row["audio"]),
        seconds=math.nan if seconds is None else seconds,
        language=row["source"],
        speaker=str(row.get("speaker", "")),
        gender=gender_of(row.get("gender")),
        split=SPLIT_ALIASES.get(split, split),
        texts=texts,
        meaning=str(row.get("meaning", "")),
        start=start,
        question=str(row.get("question", "")),
        answers=tuple(str(row["answer"]).split("|")) if row.get("answer") else (),
        licence=str(row.get("licence", "")),
        origin=origin,
    )


def _check_row(row: dict) -> None:
    missing = ", ".join(column for column in REQUIRED if column not in row)
    if missing:
        raise BadLine(f"{missing} is empty", "fill it in, or delete the line")
    codes = [row[column] for column in ("source", "target") if column in row]
    for code in (*codes, *row.get("texts", ())):
        if code not in LANGUAGES:
            remedy = "use an ISO 639-3 code, or add a row to lib/languages.py"
            raise BadLine(f"the language {code!r} is not known", remedy)
    if "translation" in row and "target" not in row:
        raise BadLine("it has a translation but no target", "name its language in target")
    split = row.get("split", "train")
    if SPLIT_ALIASES.get(split, split) not in SPLITS:
        raise BadLine(f"split is {split!r}", f"use one of {', '.join(SPLITS)}")
    if "\0" in str(row["audio"]):
        raise BadLine(f"audio is {row['audio']!r}, which is not a path", "correct the line")


def _default_id(row: dict) -> str:
    """The id of a row without one: its file, the start of the part, and the question."""
    parts = (str(row.get("audio", "")).rpartition(".")[0], row.get("start"), row.get("question"))
    return "_".join(str(part) for part in parts if part is not None)


def _number(row: dict, column: str) -> float | None:
    if column not in row:
        return None
    try:
        number = float(row[column])
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        remedy = "write seconds, such as 3.25"
        raise BadLine(f"{column} is {row[column]!r}, not a number", remedy)
    return number
