"""The layout of LibriSpeech, as its archives unpack."""

import math

import pytest

from lib.corpora.cards import read_card
from lib.corpora.sources.librispeech import read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries, tone

SENTENCES = {
    ("train-clean-100", "103", "1240"): [
        "CHAPTER ONE MISSUS RACHEL LYNDE",
        "MISSUS RACHEL LYNDE LIVED",
    ],
    ("dev-other", "116", "288045"): ["AS I APPROACHED THE CITY I HEARD BELLS RINGING"],
    ("test-clean", "1089", "134686"): ["HE HOPED THERE WOULD BE STEW FOR DINNER"],
}


def tree(folder):
    for (part, speaker, chapter), sentences in SENTENCES.items():
        home = folder / "LibriSpeech" / part / speaker / chapter
        lines = []
        for number, sentence in enumerate(sentences):
            name = f"{speaker}-{chapter}-{number:04d}"
            tone(home / f"{name}.flac")
            lines.append(f"{name} {sentence}\n")
        (home / f"{speaker}-{chapter}.trans.txt").write_text("".join(lines))
    speakers = "103  | F | train-clean-100   | 25.19 | Karen Savage\n"
    (folder / "LibriSpeech" / "SPEAKERS.TXT").write_text(speakers)
    return folder


def test_published_layout(tmp_path):
    utterances = list(read(tree(tmp_path)))
    assert [(u.id, u.split, u.speaker) for u in utterances] == [
        ("103-1240-0000", "train", "103"),
        ("103-1240-0001", "train", "103"),
        ("116-288045-0000", "dev", "116"),
        ("1089-134686-0000", "test", "1089"),
    ]
    assert [u.gender for u in utterances] == ["female", "female", "", ""]  # as SPEAKERS.TXT has it
    second = utterances[1]
    assert second.texts == {"eng": "MISSUS RACHEL LYNDE LIVED"}
    assert (second.language, second.start) == ("eng", None)
    assert math.isnan(second.seconds)
    assert second.origin == "LibriSpeech/train-clean-100/103/1240/103-1240.trans.txt:2"
    assert all(u.audio.is_file() for u in utterances)


def test_licence_is_the_cards(tmp_path):
    assert {u.licence for u in read(tree(tmp_path))} == {""}
    assert read_card("librispeech").licence == "CC-BY-4.0"


def test_only_english_is_spoken(tmp_path):
    assert len(list(read(tree(tmp_path), spoken="eng", written="deu"))) == 4
    assert list(read(tmp_path, spoken="deu")) == []


def test_line_of_another_chapter_is_dropped(tmp_path):
    path = tree(tmp_path) / "LibriSpeech/dev-other/116/288045/116-288045.trans.txt"
    path.write_text("116-288046-0000 FOREIGN\n" + path.read_text())
    utterances, findings = separate(read(tmp_path))
    origin = f"{path.relative_to(tmp_path)}:1"
    assert summaries(findings) == [("transcript", origin, "dropped")]
    assert "116-288046-0000" in findings[0].problem
    assert [u.origin[-2:] for u in utterances if u.split == "dev"] == [":2"]


def test_missing_parts_are_named(tmp_path):
    with pytest.raises(NotObtained, match="must hold LibriSpeech/"):
        list(read(tmp_path))


def test_packed_part(tmp_path):
    (tmp_path / "dev-clean.tar.gz").touch()
    with pytest.raises(NotObtained, match="unpack .*/dev-clean.tar.gz"):
        list(read(tmp_path))


def test_lhotse_reads_the_same(tmp_path):
    from lhotse.recipes.librispeech import prepare_librispeech

    manifests = prepare_librispeech(tree(tmp_path) / "LibriSpeech", num_jobs=1)
    theirs = {
        (s.id, s.text, s.speaker, part.split("-")[0])
        for part, parts in manifests.items()
        for s in parts["supervisions"]
    }
    ours = {(u.id, u.texts["eng"], u.speaker, u.split) for u in read(tmp_path)}
    assert len(ours) == 4
    assert ours == theirs
