"""Recordings of one's own: any folder with a manifest beside the audio, as TSV, as JSON lines or as lhotse cuts."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import Lines, Table
from lib.languages import LANGUAGES
from lib.utterance import SPLITS, Finding, Utterance

# of a TSV or a line of JSON; a `start` makes it a part of a longer file
COLUMNS = (
    "audio", "source", "id", "split", "target", "transcript", "translation", "speaker", "seconds", "start",
    "licence", "question", "answer",
)  # fmt: skip
NEEDED = ("audio", "source")
ALIASES = {"valid": "dev", "validation": "dev"}
SHARES = ("train",) * 8 + ("dev", "test")  # of the split where the manifest names none


class BadManifest(ValueError):
    """A manifest that cannot be used at all; the message names the file, and what to do."""


def read(manifest: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The utterances of a manifest: `.tsv`, `.jsonl`, or lhotse's cuts; audio paths are relative to the manifest's folder.

    Columns: audio and source (the spoken language, ISO 639-3); and where there are any id, split, target with translation,
    transcript, speaker, seconds, start, licence, question, answer (several: `a|b`; a question without one cannot be answered).
    JSON may give `texts` instead, language -> text. Lines of another target than `written` are another pair's, and not read.
    Without a split the hash of an utterance's texts decides: 8 of 10 train, 1 dev, 1 test; speakers are on both sides then.

    Raises:
        BadManifest: no such file, another kind of file, or a column that is needed and missing.
    """
    path = Path(manifest).expanduser()
    if path.is_dir():
        inside = sorted(p.name for p in path.iterdir() if p.name.endswith((".tsv", ".jsonl", ".jsonl.gz")))
        raise BadManifest(
            f"{path} is a folder; give the path of its manifest" + (f", such as {path / inside[0]}" if inside else "")
        )
    if not path.is_file():
        raise BadManifest(f"{path} is not there; give the path of a TSV, of JSON lines or of lhotse cuts")
    if path.suffix not in (".tsv", ".jsonl", ".gz"):
        raise BadManifest(f"{path} is none of .tsv, .jsonl and .jsonl.gz; save a table as text with tabs between its columns")
    drawn = 0
    for entry in _table(path) if path.suffix == ".tsv" else _json(path):
        if isinstance(entry, Finding):
            yield entry
            continue
        where, row = entry
        if spoken not in (None, row.get("source")) or (written and row.get("target") not in (None, "", written)):
            continue
        try:
            made = _utterance(where, row, path.parent)
        except (TypeError, ValueError) as error:
            yield Finding("line", str(row.get("id", "")), where, f"has a value of a wrong kind ({error})", "correct the line")
            continue
        drawn += isinstance(made, Utterance) and not row.get("split")
        yield made
    if drawn:
        what = f"{drawn} lines name no split: 8 of 10 are train, 1 dev, 1 test, by the hash of their texts"
        yield Finding("split", "", f"{path.name}:1", what, "add a column split, to keep speakers apart", "noted")


def _table(path: Path) -> Iterator[tuple[str, dict] | Finding]:
    table = Table(path, path.parent, NEEDED)
    try:
        for number, row in table:
            yield table.at(number), row
    except ValueError as error:
        raise BadManifest(
            f"{error}. A manifest has the columns {', '.join(COLUMNS)}; {' and '.join(NEEDED)} must be there"
        ) from error
    yield from table.findings
    unknown = [name for name in table.header if name not in COLUMNS]
    if unknown:
        what = f"the column {', '.join(unknown)} is not read"
        yield Finding("columns", "", table.at(1), what, f"the columns that are: {', '.join(COLUMNS)}", "noted")


def _json(path: Path) -> Iterator[tuple[str, dict] | Finding]:
    lines = Lines(path, path.parent)
    for number, line in lines:
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            yield Finding("line", "", lines.at(number), f"is not JSON ({error})", "correct or delete the line")
            continue
        if not isinstance(row, dict):
            yield Finding("line", "", lines.at(number), "is JSON, but no row", "correct or delete the line")
        elif str(row.get("type", "")).endswith("Cut"):
            yield from _cut(lines.at(number), row)
        else:
            yield lines.at(number), row
    yield from lines.findings


def _cut(where: str, cut: dict) -> Iterator[tuple[str, dict] | Finding]:
    """A cut of lhotse's; one of several supervisions becomes an utterance each."""
    if cut["type"] != "MonoCut" or not cut.get("recording") or not cut.get("supervisions"):
        yield Finding("line", str(cut.get("id", "")), where, "is no MonoCut with a recording and a supervision", "leave it out")
        return
    for said in cut["supervisions"]:
        start = cut["start"] + said["start"]
        whole = math.isclose(start, 0.0) and math.isclose(said["duration"], cut["recording"]["duration"])
        yield (
            where,
            (said.get("custom") or {})
            | {
                "id": said["id"],
                "audio": cut["recording"]["sources"][0]["source"],
                "source": said.get("language"),
                "speaker": said.get("speaker"),
                "transcript": said.get("text"),
                "seconds": said["duration"],
                "start": None if whole else start,
            },
        )


def _utterance(where: str, row: dict, folder: Path) -> Utterance | Finding:
    given = {name: value for name, value in row.items() if value not in (None, "")}

    def bad(what: str, remedy: str) -> Finding:
        return Finding("line", str(given.get("id") or _name(given)), where, what, remedy)

    blank = [column for column in NEEDED if column not in given]
    if blank:
        return bad(f"{', '.join(blank)} is empty", "fill it in, or delete the line")
    codes = [given[column] for column in ("source", "target") if column in given] + list(given.get("texts", ()))
    if unknown := [code for code in codes if code not in LANGUAGES]:
        return bad(f"the language {unknown[0]!r} is not known", "use an ISO 639-3 code, or add a row to lib/languages.py")
    if "translation" in given and "target" not in given:
        return bad("it has a translation but no target", "say in target which language that is")
    split = ALIASES.get(given.get("split", ""), given.get("split", ""))
    if split not in ("", *SPLITS):
        return bad(f"split is {split!r}", f"name one of {', '.join(SPLITS)}")
    numbers = {}
    for column in ("seconds", "start"):
        if column in given:
            numbers[column] = _number(given[column])
            if numbers[column] is None:
                return bad(f"{column} is {given[column]!r}, not a number", "write seconds, such as 3.25")
    if "\0" in str(given["audio"]):
        return bad(f"audio is {given['audio']!r}, which no path can be", "correct the line")
    if "start" in numbers and "seconds" not in numbers:
        return bad("it has a start but no seconds", "say how long the part is")
    texts = {code: str(words) for code, words in given.get("texts", {}).items()}
    if "transcript" in given:
        texts[given["source"]] = str(given["transcript"])
    if "target" in given:  # an empty translation of a language that is named stays, to be found
        texts.setdefault(given["target"], str(given.get("translation", "")))
    name = str(given.get("id") or _name(given))
    "".join((name, *texts.values())).encode()  # half a surrogate pair is no text
    return Utterance(
        id=name,
        audio=folder / str(given["audio"]),
        seconds=numbers.get("seconds", math.nan),
        language=given["source"],
        speaker=str(given.get("speaker", "")),
        split=split or _drawn(" ".join(texts.values()) or name),
        texts=texts,
        meaning=str(given.get("meaning", "")),
        start=numbers.get("start"),
        question=str(given.get("question", "")),
        answers=tuple(str(given["answer"]).split("|")) if given.get("answer") else (),
        licence=str(given.get("licence", "")),
        origin=where,
    )


def _name(given: dict) -> str:
    """Of an utterance without an id: its file, the part of it, and what is asked about it."""
    parts = (str(given.get("audio", "")).rpartition(".")[0], given.get("start"), given.get("question"))
    return "_".join(str(part) for part in parts if part is not None)


def _number(value: object) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _drawn(key: str) -> str:
    return SHARES[int(hashlib.sha256(key.casefold().encode()).hexdigest(), 16) % len(SHARES)]
