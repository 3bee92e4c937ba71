"""The layout of LibriSpeech, as its archives unpack."""

import math

import pytest

from lib.corpora.cards import read_card
from lib.corpora.sources.librispeech import read
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding, Utterance
from tests.corpora.sources.trees import tone

SAID = {
    ("train-clean-100", "103", "1240"): ["CHAPTER ONE MISSUS RACHEL LYNDE", "MISSUS RACHEL LYNDE LIVED"],
    ("dev-other", "116", "288045"): ["AS I APPROACHED THE CITY I HEARD BELLS RINGING"],
    ("test-clean", "1089", "134686"): ["HE HOPED THERE WOULD BE STEW FOR DINNER"],
}


def tree(folder):
    for (part, speaker, chapter), sentences in SAID.items():
        home = folder / "LibriSpeech" / part / speaker / chapter
        names = [f"{speaker}-{chapter}-{number:04d}" for number in range(len(sentences))]
        for name in names:
            tone(home / f"{name}.flac")
        lines = [f"{name} {sentence}\n" for name, sentence in zip(names, sentences, strict=True)]
        (home / f"{speaker}-{chapter}.trans.txt").write_text("".join(lines))
    (folder / "LibriSpeech" / "SPEAKERS.TXT").write_text("103  | F | train-clean-100   | 25.19 | Karen Savage\n")
    return folder


def test_published_layout(tmp_path):
    said = list(read(tree(tmp_path)))
    assert [(u.id, u.split, u.speaker) for u in said] == [
        ("103-1240-0000", "train", "103"),
        ("103-1240-0001", "train", "103"),
        ("116-288045-0000", "dev", "116"),
        ("1089-134686-0000", "test", "1089"),
    ]
    assert said[1].texts == {"eng": "MISSUS RACHEL LYNDE LIVED"} and said[1].language == "eng" and math.isnan(said[1].seconds)
    assert said[1].origin == "LibriSpeech/train-clean-100/103/1240/103-1240.trans.txt:2" and said[1].start is None
    assert all(u.audio.is_file() for u in said)
    assert not said[0].licence and read_card("librispeech").licence == "CC-BY-4.0"


def test_only_english_is_spoken(tmp_path):
    assert len(list(read(tree(tmp_path), spoken="eng", written="deu"))) == 4 and list(read(tmp_path, spoken="deu")) == []


def test_line_of_another_chapter_is_found_and_the_rest_read(tmp_path):
    path = tree(tmp_path) / "LibriSpeech/dev-other/116/288045/116-288045.trans.txt"
    path.write_text("116-288046-0000 FOREIGN\n" + path.read_text())
    found = [entry for entry in read(tmp_path) if isinstance(entry, Finding)]
    assert [(f.origin, f.outcome) for f in found] == [(f"{path.relative_to(tmp_path)}:1", "dropped")]
    assert "116-288046-0000" in found[0].what
    assert [u.origin[-2:] for u in read(tmp_path) if isinstance(u, Utterance) and u.split == "dev"] == [":2"]


def test_missing_parts_say_what_is_wanted(tmp_path):
    with pytest.raises(NotObtained, match="must hold LibriSpeech/"):
        list(read(tmp_path))
    (tmp_path / "dev-clean.tar.gz").touch()
    with pytest.raises(NotObtained, match="unpack dev-clean.tar.gz"):
        list(read(tmp_path))


def test_lhotse_reads_the_same(tmp_path):
    from lhotse.recipes.librispeech import prepare_librispeech

    manifests = prepare_librispeech(tree(tmp_path) / "LibriSpeech", num_jobs=1)
    theirs = {(s.id, s.text, s.speaker, part.split("-")[0]) for part, parts in manifests.items() for s in parts["supervisions"]}
    assert {(u.id, u.texts["eng"], u.speaker, u.split) for u in read(tmp_path)} == theirs and len(theirs) == 4
