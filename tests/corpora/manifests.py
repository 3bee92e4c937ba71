"""A small corpus of the user's own: a manifest with its audio."""

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


def write_manifest(folder, rows=ROWS, source="eng", target="fra", suffix=".wav"):
    """Write `own.tsv` and its audio files; each file has a pitch of its own."""
    lines = ["\t".join(COLUMNS)]
    for number, (id, split, transcript, translation, speaker, listed, actual) in enumerate(rows):
        texts = source, target, transcript, translation
        lines.append("\t".join((id, f"{id}{suffix}", split, *texts, speaker, listed)))
        tone(folder / f"{id}{suffix}", actual, pitch=110 + number)
    (folder / "own.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "own.tsv"


def curate_own(tmp_path, rows=ROWS, rules=Rules(), **options):
    """Write a manifest and curate it."""
    path = write_manifest(tmp_path / "own", rows, **options)
    return load_curated("own", path, tmp_path / "cache", rules)
