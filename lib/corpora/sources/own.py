"""A user's own recordings: a manifest beside the audio, as TSV, JSON lines or lhotse cuts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lib.bounded import BadData, parse_json
from lib.corpora.sources.genders import gender_of
from lib.corpora.sources.lhotse_cuts import cut_rows
from lib.corpora.sources.reading import Entries, Lines, Table
from lib.corpora.sources.splits import hash_bucket
from lib.languages import LANGUAGES, code_of_tag
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
CR = "\r"  # the line end of old Macs
HASH_SPLITS = ("train",) * 8 + ("dev", "test")  # for lines without a split


class BadManifest(ValueError):
    """A manifest that cannot be used at all. The message names the file and the remedy."""


class BadLine(ValueError):
    """A manifest line that is not an utterance."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


def read(manifest: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read a manifest: `.tsv` with COLUMNS, `.jsonl` or `.jsonl.gz`, which may be lhotse cuts.

    JSON may give `texts` (language -> text) instead of transcript and translation. Lines in other
    languages than `spoken` and `written` are skipped; codes that mean a language of the table, such
    as "en" and "fr-FR", are read as it. A line without a split gets one by hash of its texts (8 of
    10 train, 1 dev, 1 test), which puts speakers in several splits.

    Raises:
        BadManifest: the file is missing, of another kind, empty, without a required column, or
            has no line in these languages.
    """
    path = Path(manifest).expanduser()
    _check_path(path)
    skipped: Counter[str] = Counter()  # lines by their languages
    renamed: Counter[tuple[str, str, str]] = Counter()  # lines by column, value and its meaning
    first: dict[tuple[str, str, str], str] = {}  # of `renamed`: the origin of the first line
    used = lines_without_split = 0
    for entry in _tsv_rows(path) if path.suffix == ".tsv" else _json_rows(path):
        if isinstance(entry, Finding):
            used += entry.outcome == "dropped"
            yield entry
            continue
        origin, row = entry
        row = {column: value for column, value in row.items() if value not in (None, "")}
        for change in _use_iso_codes(row):
            renamed[change] += 1
            first.setdefault(change, origin)
        if languages := _other_languages(row, spoken, written):
            skipped[languages] += 1
            continue
        used += 1
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
    if not used:
        raise BadManifest(_nothing_listed(path, spoken, written, skipped))
    for (column, tag, code), count in renamed.items():
        yield Finding(
            step="language",
            origin=first[column, tag, code],
            problem=f"{column} is {tag!r}, on {count} lines",
            remedy=f"read as {code}, its ISO 639-3 code",
            outcome="repaired",
        )
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


def _use_iso_codes(row: dict) -> Iterator[tuple[str, str, str]]:
    """Replace language codes that mean the same; yields column, old and new code of each change."""
    for column in ("source", "target"):
        tag = row.get(column)
        if isinstance(tag, str) and tag not in LANGUAGES and (code := code_of_tag(tag)):
            row[column] = code
            yield column, tag, code
    if isinstance(texts := row.get("texts"), dict):
        for tag in [tag for tag in texts if tag not in LANGUAGES]:
            code = code_of_tag(tag)
            if code and code not in texts:
                row["texts"] = texts = {code if key == tag else key: texts[key] for key in texts}
                yield "texts", tag, code


def _other_languages(row: dict, spoken: str | None, written: str | None) -> str:
    """The languages of a row that is not asked for; "" if it is, or if it names an unknown one."""
    source, target = row.get("source"), row.get("target")
    asked = ((source, spoken), (target, written))
    known = [code for code, _ in asked if isinstance(code, str) and code in LANGUAGES]
    if any(code in known and wanted not in (None, code) for code, wanted in asked):
        return " into ".join(known)
    return ""


def _nothing_listed(
    path: Path, spoken: str | None, written: str | None, skipped: Counter[str]
) -> str:
    if not skipped:
        return f"{path} lists nothing: give it a line for each recording"
    wanted = " into ".join(filter(None, (spoken, written)))
    found = ", ".join(f"{languages} ({count})" for languages, count in skipped.most_common(5))
    return f"{path} has no line of {wanted}; its lines are {found}: ask for one of these"


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
        try:
            row = parse_json(line)
            if not isinstance(row, dict):
                raise BadData("is JSON, but not an object")
            cut = str(row.get("type", "")).endswith("Cut")
            rows = list(cut_rows(row)) if cut else [row]
        except BadData as error:
            problem = f"{error}{' and ends in CR alone' if CR in line else ''}"
            yield lines.finding(number, "line", problem, "correct or delete the line")
        else:
            yield from ((lines.origin(number), row) for row in rows)
    yield from lines.findings


def _utterance(origin: str, row: dict, folder: Path) -> Utterance:
    """A row without empty values as an utterance.

    Raises:
        BadLine: a value is missing or wrong.
    """
    _check_row(row)
    seconds, start = _number(row, "seconds"), _number(row, "start")
    if start is not None and start < 0:
        raise BadLine(f"start is {start:g}, before the recording", "correct it")
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
    if "transcript" in row and row["source"] == row.get("target"):
        raise BadLine(f"source and target are {row['source']}", "correct one of them")
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
