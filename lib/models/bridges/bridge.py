"""What bridges have in common: encoder states in, embeddings of a language model out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor, nn

States = Float[Tensor, "batch states hidden"]
StatesMask = Int[Tensor, "batch states"]
# states of another number and width
Bridged = tuple[Float[Tensor, "batch positions width"], Int[Tensor, "batch positions"]]


@dataclass(frozen=True, kw_only=True)
class EncoderShape:
    """What a bridge has to know of an encoder."""

    width: int  # of its states
    input_width: int  # of its input features
    heads: int
    feed_forward: int
    stack: int  # frames of 10 ms for one state
    layers: int


class Bridge(nn.Module, ABC):
    """A bridge; its `config` is a dataclass from which it is built again."""

    config: Any
    # the states of all layers side by side instead of the last one's
    reads_layers = False

    def before(self, features: States, mask: StatesMask) -> Bridged:
        """What the encoder is given: its input, unless the bridge begins before it."""
        return features, mask

    @abstractmethod
    def forward(self, states: States, mask: StatesMask) -> Bridged:
        """Embeddings for the language model, and which of them are real."""
