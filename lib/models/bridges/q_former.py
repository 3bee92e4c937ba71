"""Q-Former: learned queries attend to the states of a speech encoder (BLIP-2; LLM-SRT, 2409.19510).

However long the speech, the language model reads as many positions as there are queries. With a
window, every window of the states has its own queries instead, so positions grow with the speech
(SALMONN, 2310.13289).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import Blip2QFormerConfig, Blip2QFormerModel

from lib.models.bridges.bridge import Bridge, Bridged, EncoderShape, States, StatesMask

# where queries start in order: what an equal place adds to a logit of attention, so that 0.9 of the
# attention falls on a query's own place and those beside; and the factor of queries at the start,
# beside which what they hear is large
SHARPNESS, UNPLACED = 8.0, 0.1
PUBLISHED_WIDTH, PUBLISHED_INIT = 768, 0.02


@dataclass(frozen=True, kw_only=True)
class QFormerConfig:
    """The sizes of a Q-Former; the defaults are LLM-SRT's."""

    queries: int = 80  # of the speech, or of each window
    layers: int = 8  # the code's default; BERT has 12
    width: int = PUBLISHED_WIDTH
    heads: int = 12
    feed_forward: int = 3072
    cross_every: int = 2  # layers from one that attends to the speech to the next
    dropout: float = 0.1
    # states of 20 ms that share their queries; 0: all. SALMONN: 17, a query for 0.33 s
    window: int = 0
    # queries begin by attending to the speech in their order; published: they begin anywhere and
    # find it in days of training
    in_order: bool = False


class QFormer(Bridge):
    """Hugging Face's `Blip2QFormerModel` with queries and an output head; all of it is trained."""

    def __init__(self, config: QFormerConfig, encoder: EncoderShape, output_width: int) -> None:
        super().__init__()
        self.config = config
        self.queries = nn.Parameter(torch.randn(config.queries, config.width))
        sizes = Blip2QFormerConfig(
            hidden_size=config.width,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            intermediate_size=config.feed_forward,
            cross_attention_frequency=config.cross_every,
            encoder_hidden_size=encoder.width,
            hidden_dropout_prob=config.dropout,
            attention_probs_dropout_prob=config.dropout,
            # narrower layers start with larger weights
            initializer_range=PUBLISHED_INIT * (PUBLISHED_WIDTH / config.width) ** 0.5,
        )
        self.model = Blip2QFormerModel(sizes)
        if config.in_order:
            self._start_in_order()
        self.head = nn.Sequential(
            *_head(config.width, output_width), nn.LayerNorm(output_width, eps=1e-5)
        )

    def forward(self, states: States, mask: StatesMask) -> Bridged:
        """One position for each query, of each window where there are windows."""
        rows, window = len(states), self.config.window
        if window:
            states, mask = _windows(states, window), _windows(mask.unsqueeze(-1), window)[..., 0]
        if self.config.in_order:
            self._place(mask)
        found = self.model(
            self.queries.expand(len(states), -1, -1),
            encoder_hidden_states=states,
            encoder_attention_mask=mask,
        ).last_hidden_state
        real = mask.any(1).long().unsqueeze(1).expand(-1, self.config.queries)
        positions = self.head(found)
        return positions.reshape(rows, -1, positions.shape[-1]), real.reshape(rows, -1)

    def _start_in_order(self) -> None:
        """Let each query begin as the mean of the states at its place."""
        with torch.no_grad():
            self.queries.mul_(UNPLACED)
            for layer in self.model.encoder.layer:
                if layer.has_cross_attention:
                    own = layer.crossattention
                    nn.init.eye_(own.attention.value.weight)
                    nn.init.eye_(own.output.dense.weight)
                    own.attention.query.register_forward_hook(self._add_place("queries"))
                    own.attention.key.register_forward_hook(self._add_place("states"))

    def _place(self, mask: StatesMask) -> None:
        """Remember the places of queries and states of a batch, each from 0 to 1."""
        heads, count = self.config.heads, self.config.queries
        width = self.config.width // heads
        lengths = mask.sum(1, keepdim=True).clamp(min=1)
        at = torch.arange(mask.shape[1], device=mask.device) + 0.5
        places = {
            "queries": (torch.arange(count, device=mask.device) + 0.5) / count,
            "states": at / lengths,
        }
        self._places = {
            name: _waves(own, count, width).repeat((1,) * own.dim() + (heads,))
            for name, own in places.items()
        }

    def _add_place(self, name: str) -> Callable:
        """A hook that adds places to projected queries or states, and to nothing that is heard."""
        return lambda _module, _args, output: output + self._places[name].to(output.dtype)


def _waves(
    at: Float[Tensor, "*batch places"], count: int, width: int
) -> Float[Tensor, "*batch places width"]:
    """Sines and cosines of places from 0 to 1, with periods of 2 to 4 `count` parts of it."""
    periods = torch.logspace(0, 1, width // 2, base=2 * count, device=at.device) * 2
    angles = 2 * torch.pi * count * at.unsqueeze(-1) / periods
    waves = torch.cat([angles.sin(), angles.cos()], -1)
    # the product of two equal places, over the square root of the width, is the sharpness
    scale = (SHARPNESS * width**0.5 / (width // 2)) ** 0.5
    return nn.functional.pad(scale * waves, (0, width - waves.shape[-1]))


def _windows(values: torch.Tensor, window: int) -> torch.Tensor:
    """(batch, states, width) as (batch x windows, window, width), padded with zeros."""
    rows, count, width = values.shape
    padded = nn.functional.pad(values, (0, 0, 0, -count % window))
    return padded.reshape(-1, window, width) if rows else padded


def _head(width: int, output_width: int) -> list[nn.Module]:
    """The published output head, by the width of the language model."""
    if output_width <= 1536:
        return [nn.Linear(width, output_width)]
    hidden = 1536 if output_width <= 2560 else 2560
    return [nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, output_width)]
