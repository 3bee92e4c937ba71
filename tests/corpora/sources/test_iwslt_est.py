"""A clone of taltechnlp/iwslt2025_est2eng_data with its audio; the first clip is the README's."""

import math

import pytest

from lib.corpora.sources.iwslt_est import read
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding, Utterance
from tests.corpora.sources.trees import tone

TALK = "tosine_mang_x211_normak_15042010"
CLIP = f"{TALK}/{TALK}_0000_3.057_3.557.flac"
HEADER = "audio\tEstonian\tEnglish\n"


def tree(folder):
    (folder / "train.tsv").write_text(f"{HEADER}{CLIP}\tJa nüüd läheme\tAnd now we go\n", encoding="utf-8")
    (folder / "dev.tsv").write_text(f"{HEADER}uudised/uudised_0001.flac\tTere \tHello\n", encoding="utf-8")
    tone(folder / "audio" / CLIP)
    return folder


def test_published_layout(tmp_path):
    first, second = read(tree(tmp_path))
    assert (first.id, first.split, first.language) == (f"{TALK}_0000_3.057_3.557", "train", "est") and first.audio.exists()
    assert first.texts == {"est": "Ja nüüd läheme", "eng": "And now we go"} and first.origin == "train.tsv:2"
    assert (first.seconds, first.start, first.speaker, first.licence) == (0.5, None, "", "")
    assert second.split == "test" and second.texts == {"est": "Tere", "eng": "Hello"} and math.isnan(second.seconds)


def test_dev_is_whole_recordings_of_train(tmp_path):
    rows = [f"talk{talk}/talk{talk}_000{clip}_1.000_2.500.flac\tjah\tyes\n" for talk in range(400) for clip in (0, 1)]
    (tmp_path / "train.tsv").write_text(HEADER + "".join(rows))
    homes = {split: {u.audio.parent.name for u in read(tmp_path) if u.split == split} for split in ("train", "dev")}
    assert 1 <= len(homes["dev"]) <= 8 and not homes["dev"] & homes["train"] and len(homes["dev"] | homes["train"]) == 400


def test_languages_chosen(tmp_path):
    tree(tmp_path)
    assert list(read(tmp_path, spoken="eng")) == [] and {tuple(u.texts) for u in read(tmp_path, "est", "deu")} == {("est",)}


def test_broken_lines(tmp_path):
    (tree(tmp_path) / "dev.tsv").write_text(f"{HEADER}\tJah\tYes\na/b.flac\tJah\na/c.flac\tJah\tYes\n")
    found = [entry for entry in read(tmp_path) if "dev" in entry.origin]
    assert [(f.step, f.origin, f.outcome) for f in found if isinstance(f, Finding)] == [
        ("clip", "dev.tsv:2", "dropped"),
        ("columns", "dev.tsv:3", "dropped"),
    ]
    assert [u.id for u in found if isinstance(u, Utterance)] == ["c"]


def test_what_is_missing_says_what_to_do(tmp_path):
    with pytest.raises(NotObtained, match="clone of taltechnlp/iwslt2025_est2eng_data"):
        list(read(tmp_path))
    (tmp_path / "dev.tsv").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 596792\n")
    with pytest.raises(NotObtained, match="git lfs pull"):
        list(read(tmp_path))
