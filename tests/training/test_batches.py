from dataclasses import replace
from itertools import islice

import pytest

from lib.data.augment import Augment
from lib.data.collate import Collator
from lib.tasks import MT, Example
from lib.training.batches import draw_batches, first_usable_batch, limit_epochs, make_buckets
from tests.training.cases import STAGE, token_batch

EXAMPLES = [
    Example(id=str(n), task=MT, source="est", target="eng", target_text="", source_text="a" * n)
    for n in range(1, 21)
]


class Collate(Collator):
    """A collator without a model; it finds no audio usable in its first batches."""

    def __init__(self, unusable=0):
        self.unusable = unusable

    def __call__(self, examples, augment_key=None):
        self.unusable -= 1
        return None if self.unusable >= 0 else token_batch((1,) * len(examples))

    def cost(self, example):
        return float(len(example.source_text))


@pytest.fixture
def buckets():
    """Seven batches an epoch, of three examples at most."""
    stage = replace(STAGE, batch_max_items=3, batch_seconds=1000.0)
    return make_buckets(EXAMPLES, stage, Collate(), seed=1)


def ids(batches):
    return [(draw.epoch, draw.number, [e.id for e in draw.examples]) for draw in batches]


def test_costs_are_the_models():
    stage = replace(STAGE, batch_seconds=40.0)
    buckets = make_buckets(EXAMPLES, stage, Collate(), seed=1)
    costs = [len(batch) * max(len(e.source_text) for e in batch) for batch in buckets.epoch(0)]
    assert max(costs) == 40


def test_slowed_speech_gets_smaller_batches():
    stage = replace(STAGE, batch_seconds=40.0, augment=Augment(speeds=(0.5, 1.0)))
    assert make_buckets(EXAMPLES, stage, Collate(), seed=1).max_cost == 20.0


def test_batches_carry_their_epoch(buckets):
    drawn = islice(draw_batches(buckets), 15)
    assert [draw.epoch for draw in drawn] == [0] * 7 + [1] * 7 + [2]


@pytest.mark.parametrize("position", [0, 3, 7, 9])
def test_a_position_gives_the_batches_after_it(buckets, position):
    drawn = list(islice(draw_batches(buckets), 15))
    # a checkpoint has the epoch of the last batch, and how many are done of it
    last = drawn[position - 1]
    reached = (last.epoch, last.number + 1) if position else (0, 0)
    resumed = islice(draw_batches(buckets, *reached), 15 - position)
    assert ids(resumed) == ids(drawn[position:])


def test_the_first_usable_batch_may_be_a_later_one(buckets):
    first = first_usable_batch(buckets, Collate(unusable=2))
    assert len(first.examples) in (2, 3)


def test_no_usable_audio_at_all_is_an_error(buckets):
    with pytest.raises(ValueError, match="no audio is readable any more"):
        first_usable_batch(buckets, Collate(unusable=99))


@pytest.mark.parametrize(
    ("max_epochs", "accumulate", "updates"),
    [(None, 1, 20), (3, 1, 20), (2, 1, 14), (1, 1, 7), (2, 3, 4), (1, 3, 2)],
)
def test_epochs_limit_the_updates(buckets, max_epochs, accumulate, updates):
    stage = replace(STAGE, updates=20, max_epochs=max_epochs, accumulate=accumulate)
    assert limit_epochs(stage, buckets).updates == updates


def test_too_few_batches_for_an_update_are_refused(buckets):
    stage = replace(STAGE, max_epochs=1, accumulate=8)
    with pytest.raises(ValueError, match="max_epochs=1 has 7 batches, fewer than accumulate=8"):
        limit_epochs(stage, buckets)


def test_no_examples_are_refused():
    with pytest.raises(ValueError, match="nothing to batch"):
        make_buckets([], STAGE, Collate(), seed=1)
