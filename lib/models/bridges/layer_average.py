"""A weighted average over the layers of an encoder, before another bridge (2412.18566).

Different layers know different things: the last ones are close to what the encoder was trained on.
Whether the paper's weights go through a softmax, and whether states are normalised, is not stated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lib.models.bridges.bridge import Bridge, Bridged, EncoderShape, States, StatesMask

if TYPE_CHECKING:
    from lib.models.bridges.build import BridgeConfig

LEARNED, UNIFORM, LAST = "learned", "uniform", "last"


@dataclass(frozen=True, kw_only=True)
class LayerAverageConfig:
    """Which layers an inner bridge hears."""

    bridge: BridgeConfig
    weights: str = LEARNED  # or "uniform", "last", or the number of one layer, such as "3"
    layer_norm: bool = False  # each layer's states are normalised before they are averaged


class LayerAverage(Bridge):
    """Averages the states of all layers; the rest is the inner bridge.

    Raises:
        ValueError: unknown weights, or a layer that the encoder does not have.
    """

    reads_layers = True

    def __init__(self, config: LayerAverageConfig, encoder: EncoderShape, inner: Bridge) -> None:
        super().__init__()
        self.config, self.inner, self.layers = config, inner, encoder.layers
        logits = torch.zeros(encoder.layers)  # all layers alike
        if config.weights != UNIFORM and config.weights != LEARNED:
            logits = torch.full_like(logits, -torch.inf)
            logits[self._number(config.weights) - 1] = 0.0
        if config.weights == LEARNED:
            self.logits = nn.Parameter(logits)
        else:
            self.register_buffer("logits", logits)

    def _number(self, weights: str) -> int:
        number = self.layers if weights == LAST else int(weights) if weights.isdecimal() else 0
        if not 1 <= number <= self.layers:
            raise ValueError(
                f"weights={weights!r} is none of {LEARNED}, {UNIFORM}, {LAST}, or the number of "
                f"one of the encoder's {self.layers} layers"
            )
        return number

    @property
    def weights(self) -> Float[Tensor, "layers"]:
        """The share of each layer, the first one first."""
        return self.logits.softmax(0)

    def shift(self, layers: int) -> None:
        """Give each layer the weight of that `layers` before it, the last ones' to the first."""
        with torch.no_grad():
            self.logits.copy_(self.logits.roll(layers))

    def before(self, features: States, mask: StatesMask) -> Bridged:
        """What the encoder is given."""
        return self.inner.before(features, mask)

    def forward(self, states: States, mask: StatesMask) -> Bridged:
        """Embeddings from the states of all layers side by side: (batch, states, layers width)."""
        by_layer = states.unflatten(-1, (self.layers, -1))
        if self.config.layer_norm:
            by_layer = F.layer_norm(by_layer, by_layer.shape[-1:])
        return self.inner(torch.einsum("btlw,l->btw", by_layer, self.weights), mask)
