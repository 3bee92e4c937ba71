import pickle
from dataclasses import replace

import numpy as np
import pytest

from lib.data.buckets import Buckets
from lib.data.store import ExampleStore, costs_and_kinds, default_cost, hash_of
from lib.tasks import MT, ST, examples


@pytest.fixture(scope="module")
def chosen(corpus):
    split = corpus.split("train", "est")
    return examples(split, ST, "eng") + examples(split, MT, "eng")


@pytest.fixture
def store(chosen, tmp_path):
    return ExampleStore.write(tmp_path / "store", chosen)


def test_a_store_is_the_list(chosen, store):
    assert list(store) == chosen
    assert store[-1] == chosen[-1]


def test_every_field_comes_back(chosen, tmp_path):
    full = replace(chosen[0], prompt="Translate:", question="Who?", answers=("a", "b"))
    assert list(ExampleStore.write(tmp_path / "store", [full])) == [full]


def test_costs_and_kinds_are_those_of_the_list(chosen, store):
    for stored, computed in zip(costs_and_kinds(store), costs_and_kinds(chosen), strict=True):
        assert np.array_equal(stored, computed)


def test_costs_of_a_model_are_stored(chosen, tmp_path):
    store = ExampleStore.write(tmp_path / "store", chosen, cost=lambda example: 30.0)
    assert set(costs_and_kinds(store)[0]) == {30.0}


@pytest.mark.parametrize("index, kind", [(0, 1), (-1, 0)])
def test_kinds_are_speech_and_text(chosen, index, kind):
    assert costs_and_kinds(chosen)[1][index] == kind


def test_default_cost(chosen):
    assert default_cost(chosen[0]) == chosen[0].seconds
    assert default_cost(chosen[-1]) == len(chosen[-1].source_text) / 100


def test_an_index_out_of_range(chosen, store):
    with pytest.raises(IndexError):
        store[len(chosen)]


def test_a_store_can_be_pickled(chosen, store):
    assert list(pickle.loads(pickle.dumps(store))) == chosen


def test_equal_examples_have_equal_hashes(chosen, store, tmp_path):
    again = ExampleStore.write(tmp_path / "again", chosen)
    assert hash_of(again) == hash_of(store)


@pytest.mark.parametrize("change", [{"target_text": "x"}, {"prompt": "x"}, {"answers": ("x",)}])
def test_other_examples_have_another_hash(chosen, change):
    assert hash_of([replace(chosen[0], **change)]) != hash_of(chosen[:1])


def test_a_store_with_other_examples_has_another_hash(chosen, store, tmp_path):
    assert hash_of(ExampleStore.write(tmp_path / "fewer", chosen[1:])) != hash_of(store)


def batches(given):
    costs, kinds = costs_and_kinds(given)
    epoch = Buckets(given, costs, 12.0, 8, 1, kinds).epoch(2)
    return [[example.id for example in batch] for batch in epoch]


def test_batches_of_a_store_are_those_of_the_list(chosen, store):
    assert batches(store) == batches(chosen)


def test_batches_hold_every_example(chosen, store):
    assert sum(map(len, batches(store))) == len(chosen)


def test_a_truncated_store_is_refused(store):
    text = store.folder / "rows.jsonl"
    text.write_bytes(text.read_bytes()[:-10])
    with pytest.raises(ValueError, match="40 rows"):
        ExampleStore(store.folder)


def test_costliest_batch_of_speech(chosen):
    costs, kinds = costs_and_kinds(chosen)
    batches = Buckets(chosen, costs, 12.0, 8, 1, kinds).costliest()
    (speech,) = [batch for batch in batches if batch[0].task.speech_input]
    longest = max(example.seconds for example in chosen)
    assert speech[0].seconds == longest
    assert len(speech) == int(12.0 / longest)
