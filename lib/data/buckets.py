"""Batches of examples of similar cost, in an order decided by the seed and the epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
from jaxtyping import Float, Int

Item = TypeVar("Item")


def items_of(cost: float, max_cost: float, max_items: int) -> int:
    """How many items of a cost share a batch."""
    return min(max_items, max(1, int(max_cost / max(cost, 1e-6))))


class Epoch(Sequence[list[Item]], Generic[Item]):
    """The batches of one epoch; a batch is assembled when it is indexed."""

    def __init__(
        self,
        items: Sequence[Item],
        order: Int[np.ndarray, "n"],
        ends: Int[np.ndarray, "batches_and_one"],
    ) -> None:
        self._items, self._order, self._ends = items, order, ends
        self._shuffled = np.arange(len(ends) - 1)

    def __len__(self) -> int:
        return len(self._shuffled)

    def __getitem__(self, index: int) -> list[Item]:
        batch = self._shuffled[index]
        items = self._order[self._ends[batch] : self._ends[batch + 1]]
        return [self._items[int(item)] for item in items]

    def shuffle(self, rng: np.random.Generator) -> Epoch[Item]:
        """The same batches in another order."""
        rng.shuffle(self._shuffled)
        return self


class Buckets(Generic[Item]):
    """Batches of items of similar cost.

    With padding a batch costs its most expensive item times its number of items. A position in
    training is an epoch and a number of batches, so that resuming costs one sorting.

    Args:
        items: only those of the batch that is asked for are read.
        costs: of the items, such as seconds of speech.
        max_cost: of a batch; an item above it is a batch of its own, and the rehearsal before
            training shows whether that fits.
        max_items: in a batch.
        kinds: items of different kinds never share a batch.

    Raises:
        ValueError: there are no items.
    """

    def __init__(
        self,
        items: Sequence[Item],
        costs: Float[np.ndarray, "n"],
        max_cost: float,
        max_items: int,
        seed: int,
        kinds: Int[np.ndarray, "n"] | None = None,
    ) -> None:
        if not len(items):
            raise ValueError("nothing to batch: no usable example; see what was dropped, and why")
        self.items, self.costs, self.seed = items, costs, seed
        self.max_cost, self.max_items = max_cost, max_items
        self.kinds = np.zeros(len(items), np.int8) if kinds is None else kinds

    def epoch(self, number: int) -> Epoch[Item]:
        """The batches of an epoch: sorted by cost with some noise, then shuffled."""
        rng = np.random.default_rng([self.seed, number])
        # noise of 5 % lets an item meet different neighbours in each epoch
        keys = rng.random(len(self.costs), np.float32)
        keys *= 0.1
        keys += 0.95
        keys *= self.costs
        sorted_kinds = []
        for kind in np.unique(self.kinds):
            indices = self._indices(kind)
            sorted_kinds.append(indices[np.argsort(keys[indices])])
        order = np.concatenate(sorted_kinds)
        return Epoch(self.items, order, self._ends(order)).shuffle(rng)

    def costliest(self) -> list[list[Item]]:
        """The most expensive batch of each kind: if it fits in memory, every batch does."""
        batches = []
        for kind in np.unique(self.kinds):
            indices = self._indices(kind)
            indices = indices[np.argsort(-self.costs[indices])]
            count = items_of(float(self.costs[indices[0]]), self.max_cost, self.max_items)
            batches.append([self.items[int(i)] for i in indices[:count]])
        return batches

    def _indices(self, kind: np.integer) -> Int[np.ndarray, "some"]:
        return np.flatnonzero(self.kinds == kind).astype(np.int32)

    def _ends(self, order: Int[np.ndarray, "n"]) -> Int[np.ndarray, "batches_and_one"]:
        """Batch boundaries in a sorted order: at the cost limit, the item limit, a new kind."""
        ends, count, highest, previous = [0], 0, 0.0, None
        pairs = zip(self.costs[order], self.kinds[order], strict=True)
        for index, (cost, kind) in enumerate(pairs):
            highest = max(highest, cost)
            too_costly = highest * (count + 1) > self.max_cost
            if count and (too_costly or count == self.max_items or kind != previous):
                ends.append(index)
                count, highest = 0, cost
            count, previous = count + 1, kind
        return np.array([*ends, len(order)], np.int64)
