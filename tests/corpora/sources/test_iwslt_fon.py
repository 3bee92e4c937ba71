"""The layout that a participant of IWSLT 2025 reads."""

import pytest

from lib.corpora.sources.iwslt_fon import read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries, tone

HEADER = "ID,utterance,filename,duration\n"


def tree(folder, train='7,"Bonjour, ça va ? ",clip_7.wav,0.5\n'):
    valid = '7,"Il dit ""oui""",clip_7.wav,0.5\n'
    (folder / "train.csv").write_text(HEADER + train, encoding="utf-8")
    (folder / "valid.csv").write_text(HEADER + valid, encoding="utf-8")
    for part in ("train", "valid"):
        tone(folder / part / "clip_7.wav")
    return folder


def test_layout(tmp_path):
    first, second = read(tree(tmp_path))
    assert (first.id, first.split, first.language) == ("train-7", "train", "fon")
    assert first.texts == {"fra": "Bonjour, ça va ?"}
    assert (second.id, second.split) == ("valid-7", "test")
    assert second.texts == {"fra": 'Il dit "oui"'}
    assert (second.seconds, second.start) == (0.5, None)
    assert (second.speaker, second.licence) == ("", "")
    assert second.origin == "valid.csv:2"


def test_parts_have_their_own_audio(tmp_path):
    first, second = read(tree(tmp_path))
    assert first.audio == tmp_path / "train" / "clip_7.wav"
    assert second.audio == tmp_path / "valid" / "clip_7.wav"


def test_sentences_of_train_are_in_one_split(tmp_path):
    rows = [f"{number},phrase {number % 50},{number}.wav,1.0\n" for number in range(100)]
    sentences = {"train": set(), "dev": set(), "test": set()}
    for utterance in read(tree(tmp_path, "".join(rows))):
        sentences[utterance.split].add(utterance.texts["fra"])
    assert 1 <= len(sentences["dev"]) <= 12
    assert len(sentences["dev"]) + len(sentences["train"]) == 50


def test_languages_chosen(tmp_path):
    tree(tmp_path)
    assert list(read(tmp_path, spoken="fra")) == []
    assert list(read(tmp_path, written="eng")) == []
    assert len(list(read(tmp_path, "fon", "fra"))) == 2


def test_broken_lines(tmp_path):
    train = (
        '1,"an unclosed quote,1.wav,1.0\n'
        "2,a, comma,2.wav,1.0\n"
        "3,trois,3.wav,long\n"
        "4,quatre,4.wav,1.0\n"
    )
    utterances, findings = separate(read(tree(tmp_path, train)))
    origins = [f"train.csv:{number}" for number in (2, 3, 4)]
    assert summaries(findings) == [("columns", origin, "dropped") for origin in origins]
    assert [u.id for u in utterances] == ["train-4", "valid-7"]


def test_missing_lists_are_named(tmp_path):
    with pytest.raises(NotObtained, match="train.csv or valid.csv"):
        list(read(tmp_path))


def test_missing_column_is_named(tmp_path):
    (tmp_path / "train.csv").write_text("ID,text,filename,duration\n")
    with pytest.raises(ValueError, match="lacks one of the columns .* it has ID, text"):
        list(read(tmp_path))
