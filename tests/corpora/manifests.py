"""Manifests, and a small corpus of the user's own: a manifest with its audio."""

import json

from lib.corpora.catalogue import load_curated
from lib.corpora.curation.rules import Rules
from tests.corpora.sources.trees import tone

COLUMNS = "id audio split source target transcript translation speaker seconds".split()

# id, split, transcript, translation, speaker, listed seconds, actual seconds
ROWS = [
    ("a", "train", "one horse and two cats", "un cheval et deux chats", "x", "1.00", 1.0),
    ("b", "dev", "three birds in a tree", "trois oiseaux dans un arbre", "y", "1.00", 1.0),
    ("c", "test", "four fishes in the sea", "quatre poissons dans la mer", "z", "1.00", 1.0),
]


def write_tsv(path, columns, rows):
    """Write a table of rows of cells."""
    lines = ("\t".join(cells) + "\n" for cells in (columns, *rows))
    path.write_text("".join(lines), encoding="utf-8")
    return path


def write_jsonl(folder, *rows):
    """Write `m.jsonl`, a manifest of JSON lines."""
    path = folder / "m.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_manifest(folder, rows=ROWS, source="eng", target="fra", suffix=".wav"):
    """Write `own.tsv` and its audio files; each file has a pitch of its own."""
    listed_rows = []
    for number, (id, split, transcript, translation, speaker, listed, actual) in enumerate(rows):
        texts = source, target, transcript, translation
        listed_rows.append((id, f"{id}{suffix}", split, *texts, speaker, listed))
        tone(folder / f"{id}{suffix}", actual, pitch=110 + number)
    return write_tsv(folder / "own.tsv", COLUMNS, listed_rows)


def curate_own(tmp_path, rows=ROWS, rules=Rules(), **options):
    """Write a manifest and curate it."""
    path = write_manifest(tmp_path / "own", rows, **options)
    return load_curated("own", path, tmp_path / "cache", rules)
