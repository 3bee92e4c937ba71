"""Clones of the Irish, Bhojpuri and Marathi repositories, with the editions of earlier years as folders in them."""

import shutil

import pytest

from lib.corpora.sources.iwslt_stamped import read_bho, read_gle, read_mar
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding, Utterance
from tests.corpora.sources.trees import tone


def part(home, name, texts=(), count=2):
    """A folder with stamped.tsv, wav/ and text files; `texts` are their paths within it."""
    sounds = [f"wav/{home.name}_{name}_{number}.wav" for number in range(count)]
    for sound in sounds:
        tone(home / name / sound)
    (home / name / "stamped.tsv").write_text("".join(f"{sound}\t0.0\t00.50\n" for sound in sounds))
    for path in texts:
        (home / name / path).parent.mkdir(exist_ok=True)
        (home / name / path).write_text("".join(f" {path} {name} {number}\n" for number in range(count)), encoding="utf-8")


def irish(folder):
    for edition in ("iwslt2023_ga-eng", "iwslt2025_ga-eng"):  # .gitmodules names one repository twice
        for name, text in (("train", "train"), ("dev", "dev"), ("test-2023", "test")):
            part(folder / edition, name, [f"txt/{text}.eng"])
        part(folder / edition, "test-2024")
    part(folder, "test-2025")
    return folder


def test_irish(tmp_path):
    found = list(read_gle(irish(tmp_path)))
    said = [entry for entry in found if isinstance(entry, Utterance)]
    assert [u.split for u in said] == ["train"] * 2 + ["dev"] * 2 + ["test"] * 2 and len({u.id for u in said}) == 6
    clip = said[-1]
    assert clip.id == "iwslt2025_ga-eng_test-2023_1" and clip.origin == "iwslt2025_ga-eng/test-2023/stamped.tsv:2"
    assert clip.texts == {"eng": "txt/test.eng test-2023 1"} and clip.audio.exists()
    assert (clip.language, clip.speaker, clip.start, clip.seconds, clip.licence) == ("gle", "", None, 0.5, "")
    (unread,) = [entry for entry in found if isinstance(entry, Finding)]
    assert unread.outcome == "noted" and unread.what.startswith("test-2024, test-2025: not read")


def test_marathi_references_lie_beside_the_list(tmp_path):
    home = tmp_path / "iwslt2023_mr-hi"
    for name, text in (("train", "txt/train.hi"), ("dev", "txt/dev.hi"), ("test", "test.hi")):
        part(home, name, [text])
    said = list(read_mar(tmp_path))
    assert [(u.split, u.language, u.texts["hin"]) for u in said[-2:]] == [("test", "mar", f"test.hi test {n}") for n in (0, 1)]


def test_bhojpuri_dev_is_the_test_set_and_train_gives_a_dev(tmp_path):
    home = tmp_path / "iwslt2024_bho-hi"
    part(home, "train", ["txt/train.hi"], count=60)
    part(home, "dev", ["txt/dev.hi"])
    part(home, "test")
    said = [u for u in read_bho(tmp_path) if isinstance(u, Utterance)]
    splits = {split: {u.audio.parent.parent.name for u in said if u.split == split} for split in ("train", "dev", "test")}
    assert splits == {"train": {"train"}, "dev": {"train"}, "test": {"dev"}}
    assert 1 <= sum(u.split == "dev" for u in said) <= 15 and [u for u in read_bho(tmp_path) if isinstance(u, Utterance)] == said


def test_languages_chosen(tmp_path):
    irish(tmp_path)
    assert list(read_gle(tmp_path, spoken="eng")) == list(read_gle(tmp_path, written="fra")) == []  # there are no transcripts
    assert len([u for u in read_gle(tmp_path, "gle", "eng") if isinstance(u, Utterance)]) == 6


def test_broken_lines(tmp_path):
    home = irish(tmp_path) / "iwslt2025_ga-eng"
    (home / "train" / "stamped.tsv").write_text("wav/a.wav 0.0 1.0\nwav/b.wav\t0.0\t01.66\n")
    (home / "dev" / "txt" / "dev.eng").write_text("one line\n")
    found = [(f.step, f.origin, f.outcome) for f in read_gle(tmp_path) if isinstance(f, Finding)][1:]
    at = "iwslt2025_ga-eng/{}/stamped.tsv:{}"
    lost = [("parallel lines", at.format("dev", line), "dropped") for line in (1, 2)]
    assert found == [("cut", at.format("train", 1), "dropped"), *lost]


def test_the_nearest_of_two_editions_is_read(tmp_path):
    home = irish(tmp_path) / "iwslt2025_ga-eng"
    shutil.copytree(home / "train", home / "older" / "train")
    found = [u for u in read_gle(home) if isinstance(u, Utterance) and u.split == "train"]
    assert found and {u.audio.parent for u in found} == {home / "train" / "wav"}


def test_missing_parts_are_named(tmp_path):
    with pytest.raises(NotObtained, match="train/, dev/, test-2023/ .*--recursive"):
        list(read_gle(tmp_path))
    part(tmp_path, "train")
    with pytest.raises(NotObtained, match=r"train/txt/train\.eng is not there"):
        list(read_gle(tmp_path))
