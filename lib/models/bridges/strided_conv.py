"""Strided convolutions with attention: the adapter of w2v-BERT 2.0, as IT-IST has it (2506.17019).

The two "Conformer layers" of the paper are two of these layers in its released code; they have no
depthwise convolution. One layer: LayerNorm, convolution and GLU on a residual branch and again
before self-attention, then a feed-forward layer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor, nn
from transformers import Wav2Vec2BertConfig
from transformers.models.wav2vec2_bert.modeling_wav2vec2_bert import Wav2Vec2BertAdapterLayer

from lib.models.adapter_padding import mask_padding
from lib.models.bridges.bridge import Bridge, Bridged, EncoderShape, States, StatesMask

COMPRESSIONS = (2, 4, 8, 16)  # filter bank frames (10 ms) for one position of the language model


@dataclass(frozen=True, kw_only=True)
class StridedConvConfig:
    """The convolutions of a bridge; the default is IT-IST's, a position every 80 ms."""

    compression: int = 8  # one of COMPRESSIONS: 8 is 80 ms
    before_encoder: bool = False  # compress the encoder's input instead of its states
    kernel: int = 3
    layers: int = 2  # at least; more only where the compression needs them
    # IT-IST's released code skips each strided layer with the encoder's probability of 0.1, so that
    # lengths and masks are wrong in a fifth of its steps
    layerdrop: float = 0.0

    def strides(self, stack: int) -> tuple[int, ...]:
        """The stride of each layer after an encoder input of `stack` joined frames.

        Raises:
            ValueError: the compression cannot be reached.
        """
        halvings = math.log2(self.compression / stack) if self.compression >= stack else -1
        if self.compression not in COMPRESSIONS or halvings != int(halvings) or halvings < 0:
            raise ValueError(
                f"compression {self.compression} cannot be reached from {stack} joined frames; "
                f"use one of {', '.join(str(c) for c in COMPRESSIONS if c >= stack)}"
            )
        ones = max(0, self.layers - int(halvings))
        return (1,) * ones + (2,) * int(halvings)


class StridedConvs(nn.Module):
    """Adapter layers of one width, each with its stride.

    Hugging Face's adapter pads by half the stride and counts by half the kernel, which agree for
    kernel 3 and stride 2 alone; here both are half the kernel.

    Args:
        width: of the states.
        heads: of the attention; published: 16 at width 1024.
        feed_forward: inner width; published: 4096.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        feed_forward: int,
        kernel: int,
        strides: tuple[int, ...],
        layerdrop: float = 0.0,
    ) -> None:
        super().__init__()
        self.layerdrop = layerdrop
        self.layers = nn.ModuleList()
        for stride in strides:
            config = Wav2Vec2BertConfig(
                hidden_size=width,
                output_hidden_size=width,
                num_attention_heads=heads,
                intermediate_size=feed_forward,
                adapter_kernel_size=kernel,
                adapter_stride=stride,
                adapter_act="relu",
            )
            layer = Wav2Vec2BertAdapterLayer(config)
            for conv in (layer.residual_conv, layer.self_attn_conv):
                conv.padding = (kernel // 2,)
            mask_padding(layer)
            self.layers.append(layer)

    def forward(self, states: States, mask: StatesMask) -> Bridged:
        """Shorter states, and which of them are real."""
        lengths = mask.sum(1)
        for layer in self.layers:
            lengths = self.length_after(lengths, layer)
            # where a layer is skipped, lengths are reduced and states are not: the released defect
            if self.training and self.layerdrop and torch.rand([]) < self.layerdrop:
                continue
            states = layer(states, attention_mask=mask, sub_sampled_lengths=lengths)
            mask = _mask(states, lengths)
        return states, _mask(states, lengths)

    @staticmethod
    def length_after(lengths: Int[Tensor, "batch"], layer: nn.Module) -> Int[Tensor, "batch"]:
        """States after a layer, for any kernel and stride."""
        padding = layer.residual_conv.padding[0]
        return (lengths + 2 * padding - layer.kernel_size) // layer.stride + 1


class StridedConvBridge(Bridge):
    """The layers, before or after the encoder, and a projection to the language model's width.

    The layers have the encoder's width, heads and feed-forward width.
    """

    def __init__(self, config: StridedConvConfig, encoder: EncoderShape, output_width: int) -> None:
        super().__init__()
        self.config = config
        self.convs = StridedConvs(
            encoder.width,
            encoder.heads,
            encoder.feed_forward,
            config.kernel,
            config.strides(encoder.stack),
            config.layerdrop,
        )
        self.enter = self.leave = None
        if config.before_encoder:  # as SpeechLMPreAdapter of the released code
            self.enter = nn.Sequential(
                nn.Linear(encoder.input_width, encoder.width), nn.LayerNorm(encoder.width)
            )
            self.leave = nn.Linear(encoder.width, encoder.input_width)
        self.projection = nn.Linear(encoder.width, output_width)

    def before(self, features: States, mask: StatesMask) -> Bridged:
        """What the encoder is given."""
        if self.enter is None:
            return features, mask
        states, mask = self.convs(self.enter(features), mask)
        return self.leave(states), mask

    def forward(self, states: States, mask: StatesMask) -> Bridged:
        """Embeddings for the language model, from the encoder's states."""
        if self.enter is None:
            states, mask = self.convs(states, mask)
        return self.projection(states), mask


def _mask(states: States, lengths: Int[Tensor, "batch"]) -> StatesMask:
    positions = torch.arange(states.shape[1], device=states.device)
    return (positions < lengths.unsqueeze(1)).long()
