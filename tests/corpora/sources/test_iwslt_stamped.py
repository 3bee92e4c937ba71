"""Clones of the Irish, Bhojpuri and Marathi repositories, with earlier editions in folders."""

import shutil

import pytest

from lib.corpora.sources.iwslt_stamped import read_bho, read_gle, read_mar
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries, tone


def part(home, name, texts=(), count=2):
    """Write a folder with stamped.tsv, wav/ and text files; `texts` are paths within it."""
    clips = [f"wav/{home.name}_{name}_{number}.wav" for number in range(count)]
    for clip in clips:
        tone(home / name / clip)
    (home / name / "stamped.tsv").write_text("".join(f"{clip}\t0.0\t00.50\n" for clip in clips))
    for path in texts:
        (home / name / path).parent.mkdir(exist_ok=True)
        lines = [f" {path} {name} {number}\n" for number in range(count)]
        (home / name / path).write_text("".join(lines), encoding="utf-8")


def irish(folder):
    for edition in ("iwslt2023_ga-eng", "iwslt2025_ga-eng"):  # .gitmodules names it twice
        for name, text in (("train", "train"), ("dev", "dev"), ("test-2023", "test")):
            part(folder / edition, name, [f"txt/{text}.eng"])
        part(folder / edition, "test-2024")
    part(folder, "test-2025")
    return folder


def bhojpuri(folder):
    home = folder / "iwslt2024_bho-hi"
    part(home, "train", ["txt/train.hi"], count=60)
    part(home, "dev", ["txt/dev.hi"])
    part(home, "test")
    return folder


def test_irish_layout(tmp_path):
    utterances, _ = separate(read_gle(irish(tmp_path)))
    assert [u.split for u in utterances] == ["train"] * 2 + ["dev"] * 2 + ["test"] * 2
    assert len({u.id for u in utterances}) == 6
    clip = utterances[-1]
    assert clip.id == "iwslt2025_ga-eng_test-2023_1"
    assert clip.origin == "iwslt2025_ga-eng/test-2023/stamped.tsv:2"
    assert clip.texts == {"eng": "txt/test.eng test-2023 1"}
    assert clip.audio.exists()
    assert (clip.language, clip.speaker, clip.licence) == ("gle", "", "")
    assert (clip.start, clip.seconds) == (None, 0.5)


def test_test_sets_without_references_are_noted(tmp_path):
    _, (unread,) = separate(read_gle(irish(tmp_path)))
    assert unread.outcome == "noted"
    assert unread.problem.startswith("test-2024, test-2025: not read")


def test_marathi_references_are_beside_the_list(tmp_path):
    home = tmp_path / "iwslt2023_mr-hi"
    for name, text in (("train", "txt/train.hi"), ("dev", "txt/dev.hi"), ("test", "test.hi")):
        part(home, name, [text])
    found = [(u.split, u.language, u.texts["hin"]) for u in list(read_mar(tmp_path))[-2:]]
    assert found == [("test", "mar", f"test.hi test {number}") for number in (0, 1)]


def test_bhojpuri_dev_is_the_test_set_and_dev_is_from_train(tmp_path):
    utterances, _ = separate(read_bho(bhojpuri(tmp_path)))
    parts = {(u.split, u.audio.parent.parent.name) for u in utterances}
    assert parts == {("train", "train"), ("dev", "train"), ("test", "dev")}
    assert 1 <= sum(u.split == "dev" for u in utterances) <= 15


def test_splits_are_the_same_each_time(tmp_path):
    assert list(read_bho(bhojpuri(tmp_path))) == list(read_bho(tmp_path))


def test_languages_chosen(tmp_path):
    irish(tmp_path)
    assert list(read_gle(tmp_path, spoken="eng")) == []
    assert list(read_gle(tmp_path, written="fra")) == []  # there are no transcripts
    chosen, _ = separate(read_gle(tmp_path, "gle", "eng"))
    assert len(chosen) == 6


def test_broken_lines(tmp_path):
    home = irish(tmp_path) / "iwslt2025_ga-eng"
    stamps = "wav/a.wav 0.0 1.0\nwav/b.wav\t0.0\t01.66\n"
    (home / "train" / "stamped.tsv").write_text(stamps)
    (home / "dev" / "txt" / "dev.eng").write_text("one line\n")
    _, findings = separate(read_gle(tmp_path))
    assert summaries(findings)[1:] == [
        ("cut", "iwslt2025_ga-eng/train/stamped.tsv:1", "dropped"),
        ("parallel lines", "iwslt2025_ga-eng/dev/stamped.tsv:1", "dropped"),
        ("parallel lines", "iwslt2025_ga-eng/dev/stamped.tsv:2", "dropped"),
    ]


def test_nearest_of_two_editions_is_read(tmp_path):
    home = irish(tmp_path) / "iwslt2025_ga-eng"
    shutil.copytree(home / "train", home / "older" / "train")
    utterances, _ = separate(read_gle(home))
    folders = {u.audio.parent for u in utterances if u.split == "train"}
    assert folders == {home / "train" / "wav"}


def test_missing_parts_are_named(tmp_path):
    with pytest.raises(NotObtained, match="train/, dev/, test-2023/ .*--recursive"):
        list(read_gle(tmp_path))


def test_missing_texts_are_named(tmp_path):
    part(tmp_path, "train")
    with pytest.raises(NotObtained, match=r"train/txt/train\.eng is not there"):
        list(read_gle(tmp_path))
