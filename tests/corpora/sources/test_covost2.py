"""The lists of CoVoST 2 beside Common Voice 4, as published and as its own script splits them."""

import csv
import math

import pandas
import pytest

from lib.corpora.sources.covost2 import read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries, tone

CLIPS = {  # clip -> speaker, sentence, translation, split
    "common_voice_en_1.mp3": ("ann", 'He said "no".', "Er sagte „nein“.", "train"),
    "common_voice_en_2.mp3": ("bob", "A back\\slash.", "Ein Schrägstrich.", "train_covost"),
    "common_voice_en_3.mp3": ("eve", "Why?", "", "dev"),
    "common_voice_en_4.mp3": ("jim", "Well then.", "Nun denn.", "test"),
    "common_voice_en_5.mp3": ("jim", "Unused.", "Ungenutzt.", "test_covost"),
}


def save(path, rows, columns):
    """Write a list as get_covost_splits.py does."""
    options = {"sep": "\t", "index": False, "escapechar": "\\", "quoting": csv.QUOTE_NONE}
    pandas.DataFrame(rows, columns=columns).to_csv(path, encoding="utf-8", **options)


def tree(folder, target="de"):
    for clip in CLIPS:
        tone(folder / "en" / "clips" / clip)
    validated = [(speaker, clip, text, 2, "male") for clip, (speaker, text, _, _) in CLIPS.items()]
    columns = ["client_id", "path", "sentence", "up_votes", "gender"]
    save(folder / "en" / "validated.tsv", validated, columns)
    listed = [(clip, text, split) for clip, (_, _, text, split) in CLIPS.items()]
    save(folder / f"covost_v2.en_{target}.tsv", listed, ["path", "translation", "split"])
    return folder


def write_split_lists(folder):
    """Do what get_covost_splits.py does with the tree."""
    published = {"train": ("train", "train_covost"), "dev": ("dev",), "test": ("test",)}
    columns = ["path", "sentence", "translation", "client_id"]
    for name, splits in published.items():
        rows = [
            (clip, text, t, s) for clip, (s, text, t, split) in CLIPS.items() if split in splits
        ]
        save(folder / f"covost_v2.en_de.{name}.tsv", rows, columns)


def test_published_list_is_joined_with_common_voice(tmp_path):
    utterances, _ = separate(read(tree(tmp_path)))
    assert [(u.id, u.split, u.speaker) for u in utterances] == [
        ("en_de-common_voice_en_1", "train", "ann"),
        ("en_de-common_voice_en_2", "train", "bob"),
        ("en_de-common_voice_en_3", "dev", "eve"),
        ("en_de-common_voice_en_4", "test", "jim"),
    ]
    assert {u.gender for u in utterances} == {"male"}
    assert utterances[0].audio.exists()
    assert utterances[0].texts == {"eng": 'He said "no".', "deu": "Er sagte „nein“."}
    assert utterances[1].texts["eng"] == "A back\\slash."
    assert utterances[2].texts == {"eng": "Why?", "deu": ""}
    assert utterances[2].origin == "covost_v2.en_de.tsv:4"
    assert math.isnan(utterances[2].seconds)


def test_values_that_are_in_no_split_are_counted(tmp_path):
    _, (unused,) = separate(read(tree(tmp_path)))
    assert unused.outcome == "noted"
    assert "1 of 'test_covost'" in unused.problem


def test_split_lists_give_the_same(tmp_path):
    published, _ = separate(read(tree(tmp_path)))
    write_split_lists(tmp_path)
    utterances = list(read(tmp_path))
    expected = [(u.id, u.split, u.texts, u.speaker) for u in published]
    assert [(u.id, u.split, u.texts, u.speaker) for u in utterances] == expected
    assert utterances[-1].origin == "covost_v2.en_de.test.tsv:2"


def test_published_list_is_preferred_to_an_incomplete_set(tmp_path):
    write_split_lists(tree(tmp_path))
    (tmp_path / "covost_v2.en_de.dev.tsv").unlink()
    utterances, _ = separate(read(tmp_path))
    assert {u.origin.partition(":")[0] for u in utterances} == {"covost_v2.en_de.tsv"}


def test_lists_beside_the_clips_chosen_by_language(tmp_path):
    tree(tree(tmp_path), "zh-CN")
    (tmp_path / "covost_v2.en_zh-CN.tsv").rename(tmp_path / "en" / "covost_v2.en_zh-CN.tsv")
    tree(tmp_path, "tr")
    utterances, findings = separate(read(tmp_path))
    assert {u.id[:5] for u in utterances} == {"en_de", "en_zh"}
    assert {finding.step for finding in findings} == {"split", "language"}
    chosen, _ = separate(read(tmp_path, "eng", "zho"))
    assert {tuple(u.texts) for u in chosen} == {("eng", "zho")}


def test_packed_list(tmp_path):
    (tmp_path / "covost_v2.fr_en.tsv.tar.gz").touch()
    with pytest.raises(NotObtained, match=r"unpack .*fr_en.tsv.tar.gz"):
        list(read(tmp_path, spoken="fra"))


def test_broken_line_and_unknown_clip_are_dropped(tmp_path):
    with open(tree(tmp_path) / "covost_v2.en_de.tsv", "a", encoding="utf-8") as file:
        file.write("common_voice_en_6.mp3\tzwei\tFelder\tmehr\n")
        file.write("common_voice_en_7.mp3\tFehlt.\ttrain\n")
    _, findings = separate(read(tmp_path))
    assert summaries(f for f in findings if f.outcome == "dropped") == [
        ("columns", "covost_v2.en_de.tsv:7", "dropped"),
        ("transcript", "covost_v2.en_de.tsv:8", "dropped"),
    ]
    assert findings[-1].id == "common_voice_en_7"


def test_missing_clips(tmp_path):
    (tree(tmp_path) / "en" / "clips").rename(tmp_path / "clips")
    with pytest.raises(NotObtained, match="en/clips is not there; unpack Common Voice 4"):
        list(read(tmp_path))
