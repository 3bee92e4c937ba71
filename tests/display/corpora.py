"""Small curated corpora, with a few lines of a manifest each."""

from lib.corpora.curation.curate import curate
from lib.corpora.curation.rules import Rules
from lib.corpora.sources.own import read
from tests.corpora.manifests import write_tsv
from tests.corpora.sources.trees import tone

COLUMNS = "audio source split transcript target translation question speaker".split()
SPLITS = ("train", "train", "dev", "test")
LENIENT = Rules(check_language=False)


def line(
    number,
    split="train",
    transcript="",
    target="",
    translation="",
    question="",
    speaker="x",
    source="eng",
):
    """A line of a manifest; its clips 0 to 3 exist."""
    return (f"{number}.wav", source, split, transcript, target, translation, question, speaker)


TRANSCRIPTS = [line(n, split, f"one more line {n}") for n, split in enumerate(SPLITS)]
UNREADABLE = line(0, source="nobody")
SHAPES = {
    "transcripts": TRANSCRIPTS,
    "translations only": [
        line(n, split, "", "fra", f"encore une ligne {n}") for n, split in enumerate(SPLITS)
    ],
    "questions only": [line(n, s, question="who speaks?") for n, s in enumerate(SPLITS)],
    "nothing kept": [line(9, "train", "there is no such file")],
    "nothing listed": [],
    "nothing readable": [UNREADABLE],
}


def curate_lines(folder, lines, rules=LENIENT):
    """Curate a manifest of four tones, 1.0 to 1.3 s long."""
    folder.mkdir()
    manifest = write_tsv(folder / "own.tsv", COLUMNS, lines)
    for number in range(4):
        tone(folder / f"{number}.wav", 1.0 + number / 10, pitch=120 + 9 * number)
    listed = read(manifest) if lines else []  # as a source may list nothing
    return curate("own", folder, listed, rules, folder.parent / "cache")
