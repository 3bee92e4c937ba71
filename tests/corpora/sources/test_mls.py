"""The layout of Multilingual LibriSpeech, as its archives unpack."""

import math

import pytest

from lib.corpora.cards import read_card
from lib.corpora.sources.mls import read
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding, Utterance
from tests.corpora.sources.trees import tone

SAID = {
    "train": [("1756", "1775", "er saß am fenster"), ("1756", "1775", "und sah hinaus")],
    "dev": [("9565", "9515", "das war im winter")],
    "test": [("3330", "3401", "eine alte geschichte")],
}


def tree(folder, language="german", suffix=".flac"):
    home = folder / f"mls_{language}{'_opus' if suffix == '.opus' else ''}"
    for split, sentences in SAID.items():
        transcripts, segments = [], []
        for number, (speaker, book, text) in enumerate(sentences):
            name = f"{speaker}_{book}_{number:06d}"
            tone(home / split / "audio" / speaker / book / f"{name}{suffix}", seconds=0.5 + number)
            transcripts.append(f"{name}\t{text}\n")
            begin = 406.38 + number
            url = "http://www.archive.org/download/emerald_city_librivox/emerald_city_01_baum_64kb.mp3"
            segments.append(f"{name}\t{url}\t{begin}\t{begin + 0.5 + number}\n")
        (home / split / "transcripts.txt").write_text("".join(transcripts), encoding="utf-8")
        (home / split / "segments.txt").write_text("".join(reversed(segments)))
    (home / "metainfo.txt").write_text(
        " SPEAKER   |   GENDER   | PARTITION\n" + "".join(f"{speaker} | M | x\n" for speaker in ("1756", "9565", "3330"))
    )
    return folder


def test_published_layout(tmp_path):
    said = list(read(tree(tmp_path)))
    assert [(u.id, u.split, u.speaker) for u in said] == [
        ("1756_1775_000000", "train", "1756"),
        ("1756_1775_000001", "train", "1756"),
        ("9565_9515_000000", "dev", "9565"),
        ("3330_3401_000000", "test", "3330"),
    ]
    assert [round(u.seconds, 3) for u in said] == [0.5, 1.5, 0.5, 0.5] and {u.start for u in said} == {None}
    assert said[0].texts == {"deu": "er saß am fenster"} and said[0].language == "deu" and said[0].audio.is_file()
    assert said[1].origin == "mls_german/train/transcripts.txt:2"
    assert not said[0].licence and read_card("mls").licence == "CC-BY-4.0"


def test_languages_and_formats(tmp_path):
    tree(tree(tree(tmp_path), "italian", ".opus"), "german", ".opus")
    (tmp_path / "mls_polish").mkdir()
    (tmp_path / "mls_lm_german").mkdir()
    found = [entry for entry in read(tmp_path) if isinstance(entry, Finding)]
    assert [(f.origin, f.step, f.outcome) for f in found] == [("mls_polish", "language", "noted")]
    assert [(u.language, u.audio.suffix) for u in read(tmp_path, spoken="deu", written="fra")] == [("deu", ".flac")] * 4
    assert [(u.audio.suffix, u.audio.is_file()) for u in read(tmp_path, spoken="ita")] == [(".opus", True)] * 4


def test_broken_lines_are_found_and_the_rest_read(tmp_path):
    train = tree(tmp_path) / "mls_german" / "train"
    (train / "transcripts.txt").write_text("no tab here\n" + (train / "transcripts.txt").read_text())
    (train / "segments.txt").write_text((train / "segments.txt").read_text().replace("406.38", "?"))
    found = [entry for entry in read(tmp_path) if isinstance(entry, Finding)]
    assert [(f.origin, f.outcome) for f in found] == [
        ("mls_german/train/transcripts.txt:1", "dropped"),
        ("mls_german/train/segments.txt:2", "noted"),
    ]
    lengths = [u.seconds for u in read(tmp_path) if isinstance(u, Utterance)]
    assert math.isnan(lengths[0]) and len(lengths) == 4 and round(lengths[1], 3) == 1.5


def test_missing_folder_says_what_it_must_be(tmp_path):
    with pytest.raises(NotObtained, match="must hold mls_german/"):
        list(read(tmp_path))
    (tmp_path / "mls_german_opus.tar.gz").touch()
    with pytest.raises(NotObtained, match="unpack mls_german_opus.tar.gz"):
        list(read(tmp_path, spoken="deu"))


def test_lhotse_reads_the_same(tmp_path):
    from lhotse.recipes.mls import prepare_mls

    manifests = prepare_mls(tree(tmp_path), opus=False, num_jobs=1)["german"]
    theirs = {(s.id, s.text, s.speaker, split, s.duration) for split, parts in manifests.items() for s in parts["supervisions"]}
    assert {(u.id, u.texts["deu"], u.speaker, u.split, round(u.seconds, 3)) for u in read(tmp_path)} == theirs and len(
        theirs
    ) == 4
