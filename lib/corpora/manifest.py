"""Recordings of one's own: a folder with a TSV that lists them, checked line by line."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import soundfile

from lib.corpora.studio import Progress, silent
from lib.files import content_hash
from lib.languages import language
from lib.utterance import SPLITS, Corpus, Dropped, Utterance

COLUMNS = ("id", "audio", "split", "source", "target", "transcript", "translation", "speaker", "seconds")
OPTIONAL = {"transcript", "speaker"}  # columns that may be empty
TOLERANCE = 0.25  # seconds by which the listed length may differ from the file's


class BadManifest(ValueError):
    """A manifest that cannot be used; the message names the file, the line, and what to do."""


def read_manifest(path: str | Path, source: str, target: str, on_bad: str = "skip", progress: Progress = silent) -> Corpus:
    """The utterances of a pair that a TSV lists.

    The columns are id, audio (a path relative to the TSV), split (train, dev, test), source, target (ISO 639-3),
    transcript (may be empty), translation, speaker (may be empty), seconds. Every audio file is opened. A line that
    cannot be used is left out and stands in `Corpus.dropped` with its reason; with `on_bad="refuse"` it is an error.

    Raises:
        BadManifest: no such file, a missing column, no usable line of the pair or of a split, or a bad line under
            `refuse`.
    """
    path = Path(path).expanduser()
    if on_bad not in ("skip", "refuse"):
        raise ValueError(f"on_bad is {on_bad!r}; it is 'skip' (bad lines are counted and left out) or 'refuse'")
    for code in (source, target):
        language(code)
    rows = _rows(path)
    kept: list[Utterance] = []
    dropped: list[Dropped] = []
    seen: set[str] = set()
    pairs: set[str] = set()
    for number, row in enumerate(rows, start=2):
        pairs.add(f"{row['source']}-{row['target']}")
        if (row["source"], row["target"]) == (source, target):
            try:
                kept.append(_utterance(row, path.parent, seen))
            except BadManifest as error:
                reason = f"{path.name} line {number}: {error}"
                if on_bad == "refuse":
                    raise BadManifest(f"{reason}; repair the line, or read the manifest with on_bad='skip'") from error
                dropped.append(Dropped(row["id"] or f"line {number}", reason))
        if number % 50 == 0:
            progress(f"checking {path.name}", number, len(rows))
    if not kept:
        why = f"; {len(dropped)} lines were unusable, the first: {dropped[0].reason}" if dropped else ""
        raise BadManifest(f"{path} has no usable {source}-{target} line{why}; it has {', '.join(sorted(pairs)) or 'no lines'}")
    empty = [split for split in SPLITS if not any(u.split == split for u in kept)]
    if empty:
        raise BadManifest(f"{path} has no {' and no '.join(empty)} line for {source}-{target}; every split needs some")
    digest = content_hash([[u.id, u.split, u.texts, u.seconds, u.audio.stat().st_size] for u in kept])
    return Corpus(path.stem, kept, digest, synthetic=False, licence="not stated by the manifest", dropped=dropped)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        # utf-8-sig: a byte order mark is no part of the first column's name
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadManifest(f"{path} is not readable as UTF-8 text ({error}); give the path of a TSV") from error
    # a quote is a character like any other in a TSV
    reader = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or [])]
    if missing:
        raise BadManifest(f"{path} lacks the column {', '.join(missing)}; its first line must name {', '.join(COLUMNS)}")
    return [{column: (row[column] or "").strip() for column in COLUMNS} for row in reader]


def _utterance(row: dict[str, str], root: Path, seen: set[str]) -> Utterance:
    blank = [column for column in COLUMNS if not row[column] and column not in OPTIONAL]
    if blank:
        raise BadManifest(f"{', '.join(blank)} is empty")
    if row["id"] in seen:
        raise BadManifest(f"the id {row['id']!r} stands on an earlier line too")
    if row["split"] not in SPLITS:
        raise BadManifest(f"split is {row['split']!r}, not one of {', '.join(SPLITS)}")
    audio = root / row["audio"]
    # by the words of the path: a link inside the folder to a disk elsewhere is the user's own doing
    if not Path(os.path.normpath(audio)).is_relative_to(os.path.normpath(root)):
        raise BadManifest(f"audio {row['audio']!r} lies outside the manifest's folder")
    try:
        facts = soundfile.info(audio)
        listed = float(row["seconds"])
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise BadManifest(f"audio {row['audio']!r} cannot be opened ({error})") from error
    except ValueError as error:
        raise BadManifest(f"seconds is {row['seconds']!r}, not a number") from error
    if facts.frames == 0:
        raise BadManifest(f"audio {row['audio']!r} is empty")
    if abs(facts.duration - listed) > TOLERANCE:
        raise BadManifest(f"seconds is {listed}, but {row['audio']!r} lasts {facts.duration:.3f}")
    seen.add(row["id"])
    texts = {row["target"]: row["translation"]} | ({row["source"]: row["transcript"]} if row["transcript"] else {})
    return Utterance(row["id"], audio, facts.duration, row["source"], row["speaker"], row["split"], texts)
