"""Recordings of one's own: any folder with a manifest beside the audio, as TSV, as JSON lines or as lhotse cuts."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import Lines, Table
from lib.languages import LANGUAGES
from lib.utterance import Finding, Utterance

# of a TSV or a line of JSON; a `start` makes it a part of a longer file
COLUMNS = (
    "audio", "source", "id", "split", "target", "transcript", "translation", "speaker", "seconds", "start",
    "licence", "question", "answer",
)  # fmt: skip
NEEDED = ("audio", "source")
SHARES = ("train",) * 8 + ("dev", "test")  # of the split where the manifest names none


class BadManifest(ValueError):
    """A manifest that cannot be used at all; the message names the file, and what to do."""


def read(manifest: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The utterances of a manifest: `.tsv`, `.jsonl`, or lhotse's `.jsonl.gz` of cuts; audio paths are relative to it.

    Columns: audio and source (the spoken language, ISO 639-3); and where there are any id, split, target with translation,
    transcript, speaker, seconds, start, licence, question, answer (several: `a|b`; a question without one cannot be answered).
    Without a split, an utterance's speaker, or else its text, decides by its hash: 8 of 10 train, 1 dev, 1 test.

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
    rows = _cuts(path) if path.name.endswith(".gz") else _json(path) if path.suffix == ".jsonl" else _table(path)
    for entry in rows:
        if isinstance(entry, Finding):
            yield entry
            continue
        made = _utterance(*entry, path.parent)
        if isinstance(made, Finding):
            yield made
        elif spoken in (None, made.language) and (written is None or written in made.texts):
            yield made


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
        if not isinstance(row, dict) or not all(row.get(name) for name in NEEDED):
            yield Finding("line", "", lines.at(number), f"lacks {' or '.join(NEEDED)}", "fill them in, or delete the line")
            continue
        yield lines.at(number), row
    yield from lines.findings


def _cuts(path: Path) -> Iterator[tuple[str, dict] | Finding]:
    """Cuts with one recording each; a cut of several supervisions becomes one utterance a supervision."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            where = f"{path.name}:{number}"
            cut = json.loads(line)
            if cut.get("type") != "MonoCut" or not cut.get("recording") or not cut.get("supervisions"):
                yield Finding(
                    "line", str(cut.get("id", "")), where, "is no MonoCut with a recording and a supervision", "leave it out"
                )
                continue
            for said in cut["supervisions"]:
                custom = said.get("custom") or {}
                whole = math.isclose(cut["start"] + said["start"], 0.0) and math.isclose(
                    said["duration"], cut["recording"]["duration"]
                )
                yield (
                    where,
                    custom
                    | {
                        "id": said["id"],
                        "audio": cut["recording"]["sources"][0]["source"],
                        "source": said.get("language"),
                        "speaker": said.get("speaker"),
                        "transcript": said.get("text"),
                        "seconds": said["duration"],
                        "start": None if whole else cut["start"] + said["start"],
                    },
                )


def _utterance(where: str, row: dict, folder: Path) -> Utterance | Finding:
    given = {name: value for name, value in row.items() if value not in (None, "")}
    name = str(given.get("id") or Path(str(given.get("audio", ""))).stem)

    def bad(what: str, remedy: str) -> Finding:
        return Finding("line", name, where, what, remedy)

    blank = [column for column in NEEDED if column not in given]
    if blank:
        return bad(f"{', '.join(blank)} is empty", "fill it in, or delete the line")
    for column in ("source", "target"):
        if given.get(column, "eng") not in LANGUAGES:
            return bad(f"{column} is {given[column]!r}", "use an ISO 639-3 code, or add a row to lib/languages.py")
    numbers = {}
    for column, default in (("seconds", math.nan), ("start", None)):
        try:
            numbers[column] = float(given[column]) if column in given else default
        except ValueError:
            return bad(f"{column} is {given[column]!r}, not a number", "write seconds, such as 3.25")
    if numbers["start"] is not None and math.isnan(numbers["seconds"]):
        return bad("it has a start but no seconds", "say how long the part is")
    # cuts may carry texts in any number of languages; an empty cell of a language that is named stays, to be found
    texts = dict(given.get("texts") or {})
    if "transcript" in given:
        texts[given["source"]] = str(given["transcript"])
    if "target" in given:
        texts.setdefault(given["target"], str(given.get("translation", "")))
    return Utterance(
        id=name,
        audio=folder / str(given["audio"]),
        seconds=numbers["seconds"],
        language=given["source"],
        speaker=str(given.get("speaker", "")),
        split=str(given.get("split") or _split(str(given.get("speaker") or sorted(texts.items())))),
        texts=texts,
        meaning=str(given.get("meaning", "")),
        start=numbers["start"],
        question=str(given.get("question", "")),
        answers=tuple(str(given["answer"]).split("|")) if given.get("answer") else (),
        licence=str(given.get("licence", "")),
        origin=where,
    )


def _split(key: str) -> str:
    return SHARES[int(hashlib.sha256(key.encode()).hexdigest(), 16) % len(SHARES)]
