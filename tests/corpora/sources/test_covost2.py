"""The lists of CoVoST 2 beside Common Voice 4, as published and as its own script splits them."""

import csv
import math

import pandas
import pytest

from lib.corpora.sources.covost2 import read
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding, Utterance
from tests.corpora.sources.trees import tone

CLIPS = {  # clip -> speaker, sentence, translation, split
    "common_voice_en_1.mp3": ("ann", 'He said "no".', "Er sagte „nein“.", "train"),
    "common_voice_en_2.mp3": ("bob", "A back\\slash.", "Ein Schrägstrich.", "train_covost"),
    "common_voice_en_3.mp3": ("eve", "Why?", "", "dev"),
    "common_voice_en_4.mp3": ("jim", "Well then.", "Nun denn.", "test"),
    "common_voice_en_5.mp3": ("jim", "Unused.", "Ungenutzt.", "test_covost"),
}


def save(path, rows, columns):
    """Written as get_covost_splits.py writes."""
    frame = pandas.DataFrame(rows, columns=columns)
    frame.to_csv(path, sep="\t", index=False, encoding="utf-8", escapechar="\\", quoting=csv.QUOTE_NONE)


def tree(folder, target="de"):
    for clip in CLIPS:
        tone(folder / "en" / "clips" / clip)
    save(
        folder / "en" / "validated.tsv",
        [(s, p, e, 2) for p, (s, e, _, _) in CLIPS.items()],
        ["client_id", "path", "sentence", "up_votes"],
    )
    rows = [(path, text, split) for path, (_, _, text, split) in CLIPS.items()]
    save(folder / f"covost_v2.en_{target}.tsv", rows, ["path", "translation", "split"])
    return folder


def split(folder):
    """What get_covost_splits.py does with the tree."""
    for name in ("train", "dev", "test"):
        rows = [(p, e, t, s) for p, (s, e, t, its) in CLIPS.items() if its == name or (name == "train" and its == "train_covost")]
        save(folder / f"covost_v2.en_de.{name}.tsv", rows, ["path", "sentence", "translation", "client_id"])


def test_published_list_joined_with_common_voice(tmp_path):
    found = list(read(tree(tmp_path)))
    said = [entry for entry in found if isinstance(entry, Utterance)]
    assert [u.id for u in said] == [f"en_de-common_voice_en_{n}" for n in (1, 2, 3, 4)] and said[0].audio.exists()
    assert [(u.split, u.speaker) for u in said] == [("train", "ann"), ("train", "bob"), ("dev", "eve"), ("test", "jim")]
    assert said[0].texts == {"eng": 'He said "no".', "deu": "Er sagte „nein“."} and said[1].texts["eng"] == "A back\\slash."
    assert (
        said[2].texts == {"eng": "Why?", "deu": ""} and said[2].origin == "covost_v2.en_de.tsv:4" and math.isnan(said[2].seconds)
    )
    (unused,) = [entry for entry in found if isinstance(entry, Finding)]
    assert unused.outcome == "noted" and "1 of 'test_covost'" in unused.what


def test_split_lists_say_the_same(tmp_path):
    whole = [u for u in read(tree(tmp_path)) if isinstance(u, Utterance)]
    split(tmp_path)
    parts = list(read(tmp_path))
    assert [(u.id, u.split, u.texts, u.speaker) for u in parts] == [(u.id, u.split, u.texts, u.speaker) for u in whole]
    assert parts[-1].origin == "covost_v2.en_de.test.tsv:2"


def test_lists_beside_the_clips_chosen_by_language(tmp_path):
    tree(tree(tmp_path), "zh-CN")
    (tmp_path / "covost_v2.en_zh-CN.tsv").rename(tmp_path / "en" / "covost_v2.en_zh-CN.tsv")
    tree(tmp_path, "tr")
    assert {u.id[:5] for u in read(tmp_path) if isinstance(u, Utterance)} == {"en_de", "en_zh"}
    assert {f.step for f in read(tmp_path) if isinstance(f, Finding)} == {"split", "language"}
    assert {tuple(u.texts) for u in read(tmp_path, "eng", "zho") if isinstance(u, Utterance)} == {("eng", "zho")}
    (tmp_path / "covost_v2.fr_en.tsv.tar.gz").touch()
    with pytest.raises(NotObtained, match=r"unpack .*fr_en.tsv.tar.gz"):
        list(read(tmp_path, spoken="fra"))


def test_broken_line_unknown_clip_and_missing_clips(tmp_path):
    with open(tree(tmp_path) / "covost_v2.en_de.tsv", "a", encoding="utf-8") as file:
        file.write("common_voice_en_6.mp3\tzwei\tFelder\tmehr\ncommon_voice_en_7.mp3\tFehlt.\ttrain\n")
    found = [(f.step, f.id, f.origin) for f in read(tmp_path) if isinstance(f, Finding) and f.outcome == "dropped"]
    assert found == [("columns", "", "covost_v2.en_de.tsv:7"), ("transcript", "common_voice_en_7", "covost_v2.en_de.tsv:8")]
    (tmp_path / "en" / "clips").rename(tmp_path / "clips")
    with pytest.raises(NotObtained, match="en/clips is not there; unpack Common Voice 4"):
        list(read(tmp_path))
