"""A clone of Llamacha/IWSLT2024_Quechua_data."""

import pytest

from lib.corpora.sources.iwslt_que import read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries, tone

SUFFIXES = {
    "train": ("que", "spa", "spa.tc"),
    "valid": ("que", "spa", "spa.tc"),
    "test": ("spa",),
}


def tree(folder, home="que_spa_constrained"):
    for number, (part, suffixes) in enumerate(SUFFIXES.items()):
        name = f"quechua{number:06}.wav"
        tone(folder / home / part / "wav" / name)
        txt = folder / home / part / "txt"
        txt.mkdir()
        listed = f"- {{duration: 0.5, offset: 0.0, speaker_id: MANUEL, wav: {name}}}\n"
        (txt / f"{part}.yaml").write_text(listed)
        (txt / "segments").write_text(f"wav/{name} MANUEL 0.0 0.5\n")
        for suffix in suffixes:
            (txt / f"{part}.{suffix}").write_text(f" {part} {suffix}\n", encoding="utf-8")
    return folder


def test_published_layout(tmp_path):
    train, dev, test = read(tree(tmp_path))
    assert [u.split for u in (train, dev, test)] == ["train", "dev", "test"]
    assert (dev.id, dev.speaker, dev.language) == ("quechua000001", "MANUEL", "que")
    assert (dev.seconds, dev.start) == (0.5, None)
    assert dev.origin == "que_spa_constrained/valid/txt/valid.yaml:1"
    assert dev.audio.exists()
    assert dev.licence == ""


def test_true_cased_spanish_is_preferred(tmp_path):
    _, dev, test = read(tree(tmp_path))
    assert dev.texts == {"que": "valid que", "spa": "valid spa.tc"}
    assert test.texts == {"spa": "test spa"}


def test_added_transcripts_of_the_test_set(tmp_path):
    (tree(tmp_path) / "que_spa_constrained/test/txt/test.que").write_text("test que\n")
    assert list(read(tmp_path))[2].texts == {"que": "test que", "spa": "test spa"}


def test_edition_of_2023_has_no_test_references(tmp_path):
    (tree(tmp_path, "que_spa_clean") / "que_spa_clean/test/txt/test.spa").unlink()
    utterances, findings = separate(read(tmp_path))
    assert [u.split for u in utterances] == ["train", "dev"]
    assert summaries(findings) == [("split", "que_spa_clean/test/txt", "noted")]


def test_languages_chosen(tmp_path):
    tree(tmp_path)
    assert list(read(tmp_path, spoken="spa")) == []
    chosen, _ = separate(read(tmp_path, "que", "eng"))
    assert [u.texts for u in chosen] == [{"que": "train que"}, {"que": "valid que"}]


def test_broken_lines(tmp_path):
    home = tree(tmp_path) / "que_spa_constrained"
    (home / "train/txt/train.yaml").write_text("- {duration: long, offset: 0.0, wav: a.wav}\n")
    (home / "valid/txt/valid.spa.tc").write_text("one\ntwo\n")
    _, findings = separate(read(tmp_path))
    assert summaries(findings) == [
        ("cut", "que_spa_constrained/train/txt/train.yaml:1", "dropped"),
        ("parallel lines", "que_spa_constrained/valid/txt/valid.yaml:1", "dropped"),
    ]


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(NotObtained, match="clone of Llamacha/IWSLT2024_Quechua_data"):
        list(read(tmp_path))
