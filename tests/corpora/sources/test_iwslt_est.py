"""A clone of taltechnlp/iwslt2025_est2eng_data with its audio; the first clip is the README's."""

import math

import pytest

from lib.corpora.sources.iwslt_est import read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries, tone

TALK = "tosine_mang_x211_normak_15042010"
CLIP = f"{TALK}/{TALK}_0000_3.057_3.557.flac"
HEADER = "audio\tEstonian\tEnglish\n"


def tree(folder):
    train = f"{HEADER}{CLIP}\tJa nüüd läheme\tAnd now we go\n"
    (folder / "train.tsv").write_text(train, encoding="utf-8")
    (folder / "dev.tsv").write_text(f"{HEADER}uudised/uudised_0001.flac\tTere \tHello\n")
    tone(folder / "audio" / CLIP)
    return folder


def test_published_layout(tmp_path):
    first, second = read(tree(tmp_path))
    assert (first.id, first.split) == (f"{TALK}_0000_3.057_3.557", "train")
    assert first.audio.exists()
    assert first.texts == {"est": "Ja nüüd läheme", "eng": "And now we go"}
    assert first.origin == "train.tsv:2"
    assert (first.seconds, first.start) == (0.5, None)
    assert (first.language, first.speaker, first.licence) == ("est", "", "")
    assert (second.split, second.texts) == ("test", {"est": "Tere", "eng": "Hello"})


def test_clip_without_times_in_its_name_has_no_length(tmp_path):
    _, second = read(tree(tmp_path))
    assert math.isnan(second.seconds)


def test_recordings_of_train_are_in_one_split(tmp_path):
    rows = [
        f"talk{talk}/talk{talk}_000{clip}_1.000_2.500.flac\tjah\tyes\n"
        for talk in range(400)
        for clip in (0, 1)
    ]
    (tmp_path / "train.tsv").write_text(HEADER + "".join(rows))
    talks = {"train": set(), "dev": set()}
    for utterance in read(tmp_path):
        talks[utterance.split].add(utterance.audio.parent.name)
    assert 1 <= len(talks["dev"]) <= 8
    assert len(talks["dev"]) + len(talks["train"]) == 400


def test_languages_chosen(tmp_path):
    tree(tmp_path)
    assert list(read(tmp_path, spoken="eng")) == []
    assert {tuple(u.texts) for u in read(tmp_path, "est", "deu")} == {("est",)}


def test_broken_lines(tmp_path):
    rows = "\tJah\tYes\na/b.flac\tJah\na/c.flac\tJah\tYes\n"
    (tree(tmp_path) / "dev.tsv").write_text(HEADER + rows)
    utterances, findings = separate(read(tmp_path))
    assert summaries(findings) == [
        ("clip", "dev.tsv:2", "dropped"),
        ("columns", "dev.tsv:3", "dropped"),
    ]
    assert [u.id for u in utterances if u.split == "test"] == ["c"]


def test_missing_lists_are_named(tmp_path):
    with pytest.raises(NotObtained, match="clone of taltechnlp/iwslt2025_est2eng_data"):
        list(read(tmp_path))


def test_git_lfs_pointer_is_named(tmp_path):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 596792\n"
    (tmp_path / "dev.tsv").write_text(pointer)
    with pytest.raises(NotObtained, match="git lfs pull"):
        list(read(tmp_path))
