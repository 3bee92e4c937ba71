import pickle

import numpy as np
import pytest

from lib.data.buckets import Buckets
from lib.data.store import ExampleStore, hash_of, sizes_and_kinds
from lib.tasks import Task, examples


@pytest.fixture
def chosen(corpus):
    split = corpus.split("train", "est")
    return examples(split, Task.ST, "eng") + examples(split, Task.MT, "eng")


def test_a_listing_is_the_list(chosen, tmp_path):
    listing = ExampleStore.write(tmp_path / "list", chosen)
    assert list(listing) == chosen and listing[-1] == chosen[-1]
    for ours, theirs in zip(sizes_and_kinds(listing), sizes_and_kinds(chosen), strict=True):
        assert np.array_equal(ours, theirs)
    with pytest.raises(IndexError):
        listing[len(chosen)]
    assert list(pickle.loads(pickle.dumps(listing))) == chosen
    assert hash_of(ExampleStore.write(tmp_path / "b", chosen)) == listing.hash != hash_of(ExampleStore.write(tmp_path / "c", chosen[1:]))


def test_batches_of_a_listing_are_those_of_the_list(chosen, tmp_path):
    epochs = []
    for given in (chosen, ExampleStore.write(tmp_path / "list", chosen)):
        sizes, kinds = sizes_and_kinds(given)
        epochs.append([[e.id for e in batch] for batch in Buckets(given, sizes, 12.0, 8, 1, kinds).epoch(2)])
    assert epochs[0] == epochs[1] and sum(map(len, epochs[0])) == len(chosen)


def test_a_listing_cut_short_is_refused(chosen, tmp_path):
    ExampleStore.write(tmp_path / "list", chosen)
    text = tmp_path / "list" / "rows.jsonl"
    text.write_bytes(text.read_bytes()[:-10])
    with pytest.raises(ValueError, match="cut short: it should hold 40 rows"):
        ExampleStore(tmp_path / "list")


def test_the_costliest_batch_is_as_costly_as_any(chosen):
    sizes, kinds = sizes_and_kinds(chosen)
    buckets = Buckets(chosen, sizes, 12.0, 8, 1, kinds)
    heard = max(buckets.costliest(), key=lambda batch: batch[0].task.hears)
    cost = max(e.seconds for e in heard)
    assert cost == max(e.seconds for e in chosen) and cost * len(heard) <= 12.0
