"""The layout of Multilingual LibriSpeech, as its archives unpack."""

import math

import pytest

from lib.corpora.cards import read_card
from lib.corpora.sources.mls import read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries, tone

SENTENCES = {
    "train": [("1756", "1775", "er saß am fenster"), ("1756", "1775", "und sah hinaus")],
    "dev": [("9565", "9515", "das war im winter")],
    "test": [("3330", "3401", "eine alte geschichte")],
}
URL = "http://www.archive.org/download/emerald_city_librivox/emerald_city_01_baum_64kb.mp3"


def tree(folder, language="german", suffix=".flac"):
    home = folder / f"mls_{language}{'_opus' if suffix == '.opus' else ''}"
    for split, sentences in SENTENCES.items():
        transcripts, segments = [], []
        for number, (speaker, book, text) in enumerate(sentences):
            name = f"{speaker}_{book}_{number:06d}"
            seconds = 0.5 + number
            tone(home / split / "audio" / speaker / book / f"{name}{suffix}", seconds)
            transcripts.append(f"{name}\t{text}\n")
            begin = 406.38 + number
            segments.append(f"{name}\t{URL}\t{begin}\t{begin + 0.5 + number}\n")
        (home / split / "transcripts.txt").write_text("".join(transcripts), encoding="utf-8")
        (home / split / "segments.txt").write_text("".join(reversed(segments)))
    speakers = [f"{speaker} | M | x\n" for speaker in ("1756", "9565", "3330")]
    header = " SPEAKER   |   GENDER   | PARTITION\n"
    (home / "metainfo.txt").write_text(header + "".join(speakers))
    return folder


def test_published_layout(tmp_path):
    utterances = list(read(tree(tmp_path)))
    assert [(u.id, u.split, u.speaker, round(u.seconds, 3)) for u in utterances] == [
        ("1756_1775_000000", "train", "1756", 0.5),
        ("1756_1775_000001", "train", "1756", 1.5),
        ("9565_9515_000000", "dev", "9565", 0.5),
        ("3330_3401_000000", "test", "3330", 0.5),
    ]
    assert {u.gender for u in utterances} == {"male"}
    first = utterances[0]
    assert first.texts == {"deu": "er saß am fenster"}
    assert (first.language, first.start) == ("deu", None)
    assert first.audio.is_file()
    assert utterances[1].origin == "mls_german/train/transcripts.txt:2"


def test_without_its_list_of_speakers_no_gender_is_declared(tmp_path):
    (tree(tmp_path) / "mls_german" / "metainfo.txt").unlink()
    assert {u.gender for u in read(tmp_path)} == {""}


def test_licence_is_the_cards(tmp_path):
    assert {u.licence for u in read(tree(tmp_path))} == {""}
    assert read_card("mls").licence == "CC-BY-4.0"


def test_unknown_language_is_noted_and_text_archives_are_not(tmp_path):
    tree(tmp_path)
    (tmp_path / "mls_polish").mkdir()
    (tmp_path / "mls_lm_german").mkdir()
    _, findings = separate(read(tmp_path))
    assert summaries(findings) == [("language", "mls_polish", "noted")]


def test_flac_is_preferred_to_opus(tmp_path):
    tree(tree(tmp_path), "german", ".opus")
    assert [u.audio.suffix for u in read(tmp_path, spoken="deu", written="fra")] == [".flac"] * 4


def test_opus(tmp_path):
    utterances = list(read(tree(tmp_path, "italian", ".opus"), spoken="ita"))
    assert [u.audio.suffix for u in utterances] == [".opus"] * 4
    assert all(u.audio.is_file() for u in utterances)


def test_broken_transcript_is_dropped(tmp_path):
    path = tree(tmp_path) / "mls_german/train/transcripts.txt"
    path.write_text("no tab here\n" + path.read_text())
    utterances, findings = separate(read(tmp_path))
    assert summaries(findings) == [("transcript", "mls_german/train/transcripts.txt:1", "dropped")]
    assert len(utterances) == 4


def test_broken_segment_leaves_the_length_unknown(tmp_path):
    path = tree(tmp_path) / "mls_german/train/segments.txt"
    path.write_text(path.read_text().replace("406.38", "?"))
    utterances, findings = separate(read(tmp_path))
    assert summaries(findings) == [("segment", "mls_german/train/segments.txt:2", "noted")]
    assert math.isnan(utterances[0].seconds)
    assert utterances[1].seconds == pytest.approx(1.5)


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(NotObtained, match="must hold mls_german/"):
        list(read(tmp_path))


def test_packed_language(tmp_path):
    (tmp_path / "mls_german_opus.tar.gz").touch()
    with pytest.raises(NotObtained, match="unpack .*/mls_german_opus.tar.gz"):
        list(read(tmp_path, spoken="deu"))


def test_lhotse_reads_the_same(tmp_path):
    from lhotse.recipes.mls import prepare_mls

    manifests = prepare_mls(tree(tmp_path), opus=False, num_jobs=1)["german"]
    theirs = {
        (s.id, s.text, s.speaker, split, s.duration)
        for split, parts in manifests.items()
        for s in parts["supervisions"]
    }
    ours = {(u.id, u.texts["deu"], u.speaker, u.split, round(u.seconds, 3)) for u in read(tmp_path)}
    assert len(ours) == 4
    assert ours == theirs
