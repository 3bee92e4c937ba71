"""Examples to tensors: batches of like length, padded and masked."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lib.corpora.audio import BadAudio
from lib.features import Ears
from lib.models.seamless import Seamless
from lib.models.tokenizer import text_ids
from lib.tasks import Example
from lib.utterance import Dropped

Item = TypeVar("Item")


@dataclass
class Batch:
    """Examples of one kind of input (all heard, or all read), ready for a model."""

    examples: list[Example]
    mask: Int[Tensor, "batch positions"]  # 1 where the input is real
    prefix: Int[Tensor, "batch tokens"]  # the decoder's input: </s> __lang__ tok ... tok
    labels: Int[Tensor, "batch tokens"]  # what it must say: __lang__ tok ... tok </s>; -100 is padding
    speech: Float[Tensor, "batch positions width"] | None = None
    text: Int[Tensor, "batch positions"] | None = None

    def to(self, device: torch.device | str) -> Batch:
        """The batch on a device."""
        moved = {name: value.to(device) if isinstance(value, Tensor) else value for name, value in vars(self).items()}
        return Batch(**moved)

    @property
    def padding_share(self) -> float:
        """The share of input positions that hold nothing."""
        return 1.0 - self.mask.float().mean().item()


def pad(rows: Sequence[Tensor], value: float) -> Tensor:
    """Rows of unlike length as one tensor, padded on the right."""
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=value)


def lengths_mask(lengths: Sequence[int]) -> Int[Tensor, "batch positions"]:
    """1 for the first `lengths[i]` positions of row i, else 0."""
    return (torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)).long()


@dataclass
class Collator:
    """Examples to a `Batch` for Seamless (token layout: papers.md 1.3).

    Audio longer than the ears hear is cut and text longer than `longest_text` tokens is cut; both are counted.
    An example whose audio cannot be heard is left out of its batch and named in `dropped`.
    """

    model: Seamless
    ears: Ears
    longest_text: int = 128  # tokens, language and end among them (GMU)
    cut_texts: set[str] = field(default_factory=set)
    dropped: dict[str, Dropped] = field(default_factory=dict)
    _known: dict[str, list[int]] = field(default_factory=dict)  # text -> pieces; tokenizing costs more than it seems

    def __call__(self, examples: Sequence[Example]) -> Batch | None:
        """The batch, or None where no example of it can be heard."""
        heard, features = [], []
        for example in examples:
            if not example.task.hears:
                heard.append(example)
                continue
            try:
                features.append(self.ears.hear(example.audio))
                heard.append(example)
            except BadAudio as error:
                self.dropped[example.id] = Dropped(example.id, str(error))
        if not heard:
            return None
        targets = [self._target(example) for example in heard]
        batch = {
            "examples": heard,
            "prefix": pad([target[:-1] for target in targets], self.model.tokenizer.pad_token_id),
            "labels": pad([target[1:] for target in targets], -100),
        }
        if features:
            return Batch(speech=pad(features, 0.0), mask=lengths_mask([len(row) for row in features]), **batch)
        read = [self._source(example) for example in heard]
        return Batch(text=pad(read, self.model.tokenizer.pad_token_id), mask=lengths_mask([len(row) for row in read]), **batch)

    def _target(self, example: Example) -> Int[Tensor, "tokens"]:
        end = self.model.tokenizer.eos_token_id
        return torch.tensor([end, self.model.language_id(example.target), *self._pieces(example, example.target_text, 3), end])

    def _source(self, example: Example) -> Int[Tensor, "tokens"]:
        end = self.model.tokenizer.eos_token_id
        return torch.tensor([self.model.language_id(example.source), *self._pieces(example, example.input_text, 2), end])

    def _pieces(self, example: Example, text: str, special: int) -> list[int]:
        if text not in self._known:
            self._known[text] = text_ids(self.model.tokenizer, text)
        pieces = self._known[text]
        if len(pieces) + special > self.longest_text:
            self.cut_texts.add(example.id)
        return pieces[: self.longest_text - special]


def input_size(example: Example) -> float:
    """How much room the input takes: seconds of speech, or a hundredth of its characters."""
    return example.seconds if example.task.hears else len(example.input_text) / 100


class Buckets(Generic[Item]):
    """Batches of items of like size, in an order that depends on the seed and the epoch alone.

    A batch's cost is its longest item times its number of items, since that is what padding makes of it.

    Args:
        items: what to batch; items with different `kind` never share a batch.
        size: of an item.
        budget: the most that longest x count may be.
        most: the most items in a batch.

    Raises:
        ValueError: where there is nothing to batch, or one item alone is over the budget.
    """

    def __init__(
        self,
        items: Sequence[Item],
        size: Callable[[Item], float],
        budget: float,
        most: int,
        seed: int,
        kind: Callable[[Item], object] = lambda item: None,
    ) -> None:
        if not items:
            raise ValueError("nothing to batch: no example is usable; read what was dropped, and why")
        longest = max(items, key=size)
        if size(longest) > budget:
            raise ValueError(f"{longest!r} has size {size(longest):.1f}, over the batch budget of {budget}; raise the budget")
        self.items, self.size, self.budget, self.most, self.seed, self.kind = items, size, budget, most, seed, kind

    def epoch(self, number: int) -> list[list[Item]]:
        """The batches of an epoch: items of like size together, chance deciding among equals and over the batches."""
        chance = random.Random(f"{self.seed}/{number}")
        # a little noise in the size lets neighbours meet others in each epoch
        keyed = [
            (str(self.kind(item)), self.size(item) * chance.uniform(0.9, 1.1), place) for place, item in enumerate(self.items)
        ]
        batches: list[list[Item]] = []
        longest, current_kind = 0.0, None
        for kind, _, place in sorted(keyed):
            item = self.items[place]
            longest = max(longest, self.size(item))
            full = batches and (longest * (len(batches[-1]) + 1) > self.budget or len(batches[-1]) == self.most)
            if not batches or full or kind != current_kind:
                batches.append([])
                longest, current_kind = self.size(item), kind
            batches[-1].append(item)
        chance.shuffle(batches)
        return batches
