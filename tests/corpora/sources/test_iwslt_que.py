"""A clone of Llamacha/IWSLT2024_Quechua_data."""

import pytest

from lib.corpora.sources.iwslt_que import read
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding, Utterance
from tests.corpora.sources.trees import tone

ENDS = {"train": ("que", "spa", "spa.tc"), "valid": ("que", "spa", "spa.tc"), "test": ("spa",)}


def tree(folder, home="que_spa_constrained"):
    for number, (part, ends) in enumerate(ENDS.items()):
        name = f"quechua{number:06}.wav"
        tone(folder / home / part / "wav" / name)
        txt = folder / home / part / "txt"
        txt.mkdir()
        (txt / f"{part}.yaml").write_text(f"- {{duration: 0.5, offset: 0.0, speaker_id: MANUEL, wav: {name}}}\n")
        (txt / "segments").write_text(f"wav/{name} MANUEL 0.0 0.5\n")
        for end in ends:
            (txt / f"{part}.{end}").write_text(f" {part} {end}\n", encoding="utf-8")
    return folder


def test_published_layout(tmp_path):
    train, dev, test = read(tree(tmp_path))
    assert [u.split for u in (train, dev, test)] == ["train", "dev", "test"]
    assert dev.texts == {"que": "valid que", "spa": "valid spa.tc"} and test.texts == {"spa": "test spa"}
    assert (dev.id, dev.speaker, dev.language, dev.seconds, dev.start) == ("quechua000001", "MANUEL", "que", 0.5, None)
    assert dev.origin == "que_spa_constrained/valid/txt/valid.yaml:1" and dev.audio.exists() and dev.licence == ""


def test_transcripts_of_the_test_set_where_they_have_been_put(tmp_path):
    (tree(tmp_path) / "que_spa_constrained/test/txt/test.que").write_text("test que\n")
    assert list(read(tmp_path))[2].texts == {"que": "test que", "spa": "test spa"}


def test_edition_of_2023_whose_test_set_has_no_references(tmp_path):
    (tree(tmp_path, "que_spa_clean") / "que_spa_clean/test/txt/test.spa").unlink()
    *said, unread = read(tmp_path)
    assert [u.split for u in said] == ["train", "dev"]
    assert (unread.step, unread.origin, unread.outcome) == ("split", "que_spa_clean/test/txt", "noted")


def test_languages_chosen(tmp_path):
    tree(tmp_path)
    assert list(read(tmp_path, spoken="spa")) == []
    assert [u.texts for u in read(tmp_path, "que", "eng") if isinstance(u, Utterance)] == [
        {"que": "train que"},
        {"que": "valid que"},
    ]


def test_broken_lines(tmp_path):
    home = tree(tmp_path) / "que_spa_constrained"
    (home / "train/txt/train.yaml").write_text("- {duration: long, offset: 0.0, wav: a.wav}\n")
    (home / "valid/txt/valid.spa.tc").write_text("one\ntwo\n")
    found = [(f.step, f.origin, f.outcome) for f in read(tmp_path) if isinstance(f, Finding)]
    assert found == [
        ("cut", "que_spa_constrained/train/txt/train.yaml:1", "dropped"),
        ("parallel lines", "que_spa_constrained/valid/txt/valid.yaml:1", "dropped"),
    ]


def test_missing_folder_says_what_it_must_be(tmp_path):
    with pytest.raises(NotObtained, match="clone of Llamacha/IWSLT2024_Quechua_data"):
        list(read(tmp_path))
