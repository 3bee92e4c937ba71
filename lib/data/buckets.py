"""Batches of items of like size, in an order that is a function of the seed and the epoch, drawn without holding them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
from jaxtyping import Float, Int

Item = TypeVar("Item")


class Epoch(Sequence[list[Item]], Generic[Item]):
    """The batches of one epoch; each is put together when it is asked for."""

    def __init__(self, items: Sequence[Item], order: Int[np.ndarray, "n"], ends: Int[np.ndarray, "batches_and_one"]) -> None:
        self._items, self._order, self._ends = items, order, ends
        self._shuffled = np.arange(len(ends) - 1)

    def __len__(self) -> int:
        return len(self._shuffled)

    def __getitem__(self, index: int) -> list[Item]:
        batch = self._shuffled[index]
        return [self._items[int(item)] for item in self._order[self._ends[batch] : self._ends[batch + 1]]]

    def shuffle(self, rng: np.random.Generator) -> Epoch[Item]:
        """The same batches in another order."""
        rng.shuffle(self._shuffled)
        return self


class Buckets(Generic[Item]):
    """Batches of items of like size.

    A batch's cost is its longest item times its number of items, since that is what padding makes of it. Where a run
    stands is an epoch and a number of batches, so that going on in the middle of an epoch costs one sorting.

    Args:
        items: what to batch; only those of the batch that is asked for are read.
        sizes: of the items.
        budget: the most that longest x count may be; what is over it alone is a batch of its own, and the rehearsal before
            training says at once whether that fits.
        most: the most items in a batch.
        kinds: items of different kind never share a batch.

    Raises:
        ValueError: where there is nothing to batch.
    """

    def __init__(
        self,
        items: Sequence[Item],
        sizes: Float[np.ndarray, "n"],
        budget: float,
        most: int,
        seed: int,
        kinds: Int[np.ndarray, "n"] | None = None,
    ) -> None:
        if not len(items):
            raise ValueError("nothing to batch: no example is usable; read what was dropped, and why")
        self.items, self.sizes, self.budget, self.most, self.seed = items, sizes, budget, most, seed
        self.kinds = np.zeros(len(items), np.int8) if kinds is None else kinds

    def epoch(self, number: int) -> Epoch[Item]:
        """The batches of an epoch: items of like size together, chance deciding among equals and over the batches."""
        rng = np.random.default_rng([self.seed, number])
        # a little noise in the size lets neighbours meet others in each epoch
        keys = rng.random(len(self.sizes), np.float32)
        keys *= 0.1
        keys += 0.95
        keys *= self.sizes
        order = np.concatenate([self._of(kind)[np.argsort(keys[self._of(kind)])] for kind in np.unique(self.kinds)])
        return Epoch(self.items, order, self._ends(order)).shuffle(rng)

    def _of(self, kind: np.integer) -> Int[np.ndarray, "some"]:
        return np.flatnonzero(self.kinds == kind).astype(np.int32)

    def costliest(self) -> list[list[Item]]:
        """For each kind the batch that takes the most room: what fits if this does, fits always."""
        batches = []
        for kind in np.unique(self.kinds):
            places = self._of(kind)
            places = places[np.argsort(-self.sizes[places])]
            longest = float(self.sizes[places[0]])
            batches.append([self.items[int(p)] for p in places[: min(self.most, max(1, int(self.budget / max(longest, 1e-6))))]])
        return batches

    def _ends(self, order: Int[np.ndarray, "n"]) -> Int[np.ndarray, "batches_and_one"]:
        """Where batches end in a sorted order: at the budget, at the most items, and where the kind changes."""
        ends, count, longest, last = [0], 0, 0.0, None
        for index, (size, kind) in enumerate(zip(self.sizes[order], self.kinds[order], strict=True)):
            longest = max(longest, size)
            if count and (longest * (count + 1) > self.budget or count == self.most or kind != last):
                ends.append(index)
                count, longest = 0, size
            count, last = count + 1, kind
        return np.array([*ends, len(order)], np.int64)
