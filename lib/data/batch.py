"""A batch of examples as tensors, and the token layout that a model gives each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lib.tasks import Example

IGNORED = -100  # label of positions that do not count in the loss


@dataclass(frozen=True, kw_only=True)
class TokenLayout:
    """Token ids of one example, as its model arranges them.

    An encoder-decoder's `prefix` is `</s> __lang__ tok ...`; a decoder-only model's is the prompt
    followed by the target. `labels[i]` is the token wanted after `prefix[i]`.
    """

    prefix: list[int]
    labels: list[int]  # as long as `prefix`; -100 where nothing is learnt
    prompt_length: int  # tokens of `prefix` that generation starts from
    source: list[int] | None = None  # input of a text encoder
    truncated: bool = False  # a text was cut to the token limit


@dataclass(kw_only=True)
class Batch:
    """Examples of one kind of input (all speech, or all text), ready for a model."""

    examples: list[Example]
    prefix: Int[Tensor, "batch tokens"]  # decoder input (teacher forcing), right-padded
    labels: Int[Tensor, "batch tokens"]  # token wanted after each prefix token; -100: ignored
    prompt_lengths: list[int]  # prefix tokens that generation starts from
    speech: Float[Tensor, "batch frames width"] | None = None
    speech_mask: Int[Tensor, "batch frames"] | None = None  # 1: real frame, 0: padding
    text: Int[Tensor, "batch subwords"] | None = None  # source text; None where not all have one
    text_mask: Int[Tensor, "batch subwords"] | None = None
    states: Float[Tensor, "batch states hidden"] | None = None  # cached encoder states
    states_mask: Int[Tensor, "batch states"] | None = None

    def to(self, device: torch.device | str) -> Batch:
        """The batch on a device; from pinned memory the copies do not hold up the loop."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        """The batch in memory that a GPU can read by itself."""
        return self._map(Tensor.pin_memory)

    def _map(self, change: Callable[[Tensor], Tensor]) -> Batch:
        changed = {k: change(v) if isinstance(v, Tensor) else v for k, v in vars(self).items()}
        return Batch(**changed)

    def without_speech(self) -> Batch:
        """The same examples with their transcripts as input.

        Raises:
            ValueError: not every example has a transcript.
        """
        if self.text is None:
            raise ValueError("a batch without transcripts; make its examples with transcripts=True")
        return replace(self, speech=None, speech_mask=None, states=None, states_mask=None)

    @property
    def mask(self) -> Int[Tensor, "batch positions"]:
        """1 where the model's input is real, 0 where it is padding.

        The input is speech, else source text, else the prefix: a decoder-only model has its source
        text in the prompt.
        """
        if self.speech is not None:
            return self.speech_mask
        return self.prefix_mask if self.text is None else self.text_mask

    @property
    def prefix_mask(self) -> Int[Tensor, "batch tokens"]:
        """1 for each token of the prefix, 0 for its padding."""
        # the last token of a prefix always has a label
        return (self.labels != IGNORED).long().flip(1).cumsum(1).flip(1).clamp(max=1)

    @property
    def speech_seconds(self) -> float:
        """Seconds of speech in the batch."""
        return sum(example.seconds for example in self.examples)


def pad(rows: Sequence[Tensor], value: float) -> Tensor:
    """Rows of unequal length as one tensor, padded on the right."""
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=value)


def lengths_mask(lengths: Sequence[int]) -> Int[Tensor, "batch positions"]:
    """1 for the first `lengths[i]` positions of row i, else 0."""
    return (torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)).long()
