"""The batches of a training, in an order that the seed, the epoch and the position decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from lib.data.batch import Batch
from lib.data.buckets import Buckets, Epoch
from lib.data.collate import Collator
from lib.data.store import costs_and_kinds
from lib.tasks import Example
from lib.training.stages import Stage


def make_buckets(
    examples: Sequence[Example], stage: Stage, collate: Collator, seed: int
) -> Buckets[Example]:
    """The examples in batches of a stage's size."""
    costs, kinds = costs_and_kinds(examples, collate.cost)
    slowest = min([1.0, *(stage.augment.speeds if stage.augment else ())])  # makes speech longer
    max_cost = stage.batch_seconds * slowest
    return Buckets(examples, costs, max_cost, stage.batch_max_items, seed, kinds)


class Draw(NamedTuple):
    """A batch that is to be made; its examples are read when they are asked for."""

    epoch: int
    number: int  # in the epoch, from 0
    batches: Epoch[Example]

    @property
    def examples(self) -> list[Example]:
        return self.batches[self.number]


def draw_batches(buckets: Buckets[Example], epoch: int = 0, number: int = 0) -> Iterator[Draw]:
    """Batches without end, from a position on."""
    while True:
        batches = buckets.epoch(epoch)
        for index in range(number, len(batches)):
            yield Draw(epoch, index, batches)
        epoch, number = epoch + 1, 0


def first_usable_batch(buckets: Buckets[Example], collate: Collator) -> Batch:
    """A batch with usable audio.

    Raises:
        ValueError: there is none.
    """
    for examples in buckets.epoch(0):
        batch = collate(examples)
        if batch is not None:
            return batch
    raise ValueError("no audio is readable any more; check that the files still exist")


def padded_cost(batches: Iterable[Batch | None], cost: Callable[[Example], float]) -> float:
    """The cost of batches with their padding: each example costs as much as the costliest."""
    examples = [batch.examples for batch in batches if batch is not None]
    return sum(len(own) * max(map(cost, own)) for own in examples)


def limit_epochs(stage: Stage, buckets: Buckets[Example]) -> Stage:
    """The stage with no more updates than `max_epochs` has batches for.

    Raises:
        ValueError: there are too few batches for one update.
    """
    if stage.max_epochs is None:
        return stage
    available = 0
    for epoch in range(stage.max_epochs):
        available += len(buckets.epoch(epoch))
        if available >= stage.updates * stage.accumulate:
            return stage
    if available < stage.accumulate:
        raise ValueError(
            f"stage {stage.name!r}: max_epochs={stage.max_epochs} has {available} batches, fewer "
            f"than accumulate={stage.accumulate}; raise max_epochs or lower accumulate"
        )
    return replace(stage, updates=available // stage.accumulate)
