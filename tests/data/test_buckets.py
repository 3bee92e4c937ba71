import numpy as np
import pytest

from lib.data.buckets import Buckets

COSTS = [1 + (i * 37 % 50) / 10 for i in range(300)]


@pytest.fixture(scope="module")
def batches():
    """One epoch of 300 items of costs from 1 to 6."""
    buckets = Buckets(list(range(300)), np.array(COSTS), max_cost=20, max_items=16, seed=1)
    return list(buckets.epoch(0))


def batch_cost(batch):
    return max(COSTS[item] for item in batch) * len(batch)


def test_every_item_occurs_once(batches):
    assert sorted(item for batch in batches for item in batch) == list(range(300))


def test_no_batch_exceeds_the_cost_limit(batches):
    assert max(map(batch_cost, batches)) <= 20


def test_no_batch_exceeds_the_item_limit(batches):
    assert max(map(len, batches)) == 16


def test_little_of_a_batch_is_padding(batches):
    assert 1 - sum(COSTS) / sum(map(batch_cost, batches)) < 0.15


def order(seed, epoch):
    return list(Buckets(list(range(100)), 1.0 + np.arange(100) % 7, 20, 8, seed).epoch(epoch))


def test_order_is_a_function_of_seed_and_epoch():
    assert order(1, 0) == order(1, 0)


@pytest.mark.parametrize("seed, epoch", [(1, 1), (2, 0)])
def test_order_changes_with_seed_and_epoch(seed, epoch):
    assert order(seed, epoch) != order(1, 0)


def test_kinds_do_not_mix():
    batches = Buckets(list(range(50)), np.ones(50), 8, 8, 1, kinds=np.arange(50) % 2).epoch(0)
    assert {len({item % 2 for item in batch}) for batch in batches} == {1}


@pytest.fixture(scope="module")
def with_costly_item():
    return Buckets([1, 2, 99], np.array([1.0, 1.0, 99.0]), 50, 8, 1)


def test_an_item_over_the_limit_is_a_batch_of_its_own(with_costly_item):
    assert sorted(map(sorted, with_costly_item.epoch(0))) == [[1, 2], [99]]


def test_an_item_over_the_limit_is_rehearsed(with_costly_item):
    assert with_costly_item.costliest() == [[99]]


def test_no_items_are_refused():
    with pytest.raises(ValueError, match="nothing to batch"):
        Buckets([], np.array([]), 50, 8, 1)


def test_costliest_batch_of_each_kind():
    costs = np.array([3.0, 4.0, 5.0, 1.0, 2.0])
    buckets = Buckets(list("abcde"), costs, 8, 8, 1, kinds=np.array([0, 0, 0, 1, 1]))
    assert buckets.costliest() == [["c"], ["e", "d"]]
