import json
import math
from dataclasses import replace

import pytest

from lib.corpora.jsonl_index import JsonlIndex
from lib.corpora.store import UtteranceStore, _to_json
from lib.utterance import Utterance


@pytest.fixture
def utterances(tmp_path):
    first = Utterance(
        id="a",
        audio=tmp_path / "corpus" / "wav" / "a.wav",
        seconds=1.5,
        language="est",
        speaker="x",
        split="train",
        texts={"est": "tere"},
        answers=("yes",),
    )
    return [first, replace(first, id="b", seconds=math.nan)]


def write(folder, utterances, root):
    return UtteranceStore.write(folder, root, utterances)


def test_an_utterance_is_read_as_it_was_written(utterances, tmp_path):
    assert write(tmp_path / "s", utterances, tmp_path / "corpus")[0] == utterances[0]


def test_an_unknown_length_stays_unknown(utterances, tmp_path):
    assert math.isnan(write(tmp_path / "s", utterances, tmp_path / "corpus")[1].seconds)


def test_gender_does_not_change_the_hash(utterances, tmp_path):
    declared = [replace(utterance, gender="female") for utterance in utterances]
    before, after = (
        write(tmp_path / name, given, tmp_path / "corpus")
        for name, given in (("s", utterances), ("t", declared))
    )
    assert after[0].gender == "female"
    assert after.hash == before.hash


def test_a_corpus_that_was_stored_before_gender_is_read(utterances, tmp_path):
    def to_json(utterance):
        row = _to_json(tmp_path / "corpus", utterance)
        return {key: row[key] for key in row if key != "gender"}

    JsonlIndex.write(tmp_path / "old", utterances, to_json, {})
    old = UtteranceStore(tmp_path / "old", tmp_path / "corpus")
    assert old[0] == utterances[0]
    assert old.hash == write(tmp_path / "new", utterances, tmp_path / "corpus").hash


def test_paths_are_stored_relative_to_the_corpus(utterances, tmp_path):
    write(tmp_path / "s", utterances, tmp_path / "corpus")
    row = json.loads((tmp_path / "s" / "rows.jsonl").read_text().splitlines()[0])
    assert row["audio"] == "wav/a.wav"


def test_a_corpus_that_moved_has_the_same_hash(utterances, tmp_path):
    moved = [replace(u, audio=tmp_path / "new" / "wav" / "a.wav") for u in utterances]
    before = write(tmp_path / "s", utterances, tmp_path / "corpus")
    assert write(tmp_path / "t", moved, tmp_path / "new").hash == before.hash
