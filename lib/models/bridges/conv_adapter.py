"""Plain 1-D convolutions: the adapter of zero-resource translation (arXiv 2412.18566).

Two layers of kernel 3 from 1,024 to 2,048 or 4,096 have the 18.88 and 62.92 million parameters that
the paper states. Activation, norm and padding are not stated: GELU between the layers, no norm,
and as many zeros on either side as keep an 80 ms position for every 80 ms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch.nn.functional as F
from torch import nn

from lib.models.bridges.bridge import Bridge, Bridged, EncoderShape, States, StatesMask


@dataclass(frozen=True, kw_only=True)
class ConvAdapterConfig:
    """The layers of an adapter; the defaults are the paper's."""

    compression: int = 8  # frames of 10 ms for one position of the language model
    layers: int = 2  # at least; more only where the compression needs them
    kernel: int = 3  # 1: a multilayer perceptron on every second position

    def strides(self, stack: int) -> tuple[int, ...]:
        """The stride of each layer behind states of `stack` frames: first twos, then ones.

        From states of 40 ms, as the paper's, 2 and 1; from w2v-BERT's of 20 ms, 2 and 2.

        Raises:
            ValueError: the compression is not the stack times a power of two, or the kernel even.
        """
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel={self.kernel} is even, so it has no middle; use 1, 3 or 5")
        twos, rest = divmod(self.compression, stack)
        halvings = int(math.log2(twos)) if twos else -1
        if rest or halvings < 0 or 2**halvings != twos:
            raise ValueError(
                f"compression {self.compression} cannot be reached from states of {stack} frames "
                f"of 10 ms by strides of 2; use {stack}, {2 * stack} or {4 * stack}"
            )
        return (2,) * halvings + (1,) * max(0, self.layers - halvings)


class ConvAdapter(Bridge):
    """The first layer brings states to the language model's width; the others add depth."""

    def __init__(self, config: ConvAdapterConfig, encoder: EncoderShape, output_width: int) -> None:
        super().__init__()
        self.config = config
        strides = config.strides(encoder.stack)
        widths = [encoder.width, *[output_width] * len(strides)]
        self.convs = nn.ModuleList(
            nn.Conv1d(width, output_width, config.kernel, stride, padding=config.kernel // 2)
            for width, stride in zip(widths, strides, strict=False)
        )

    def forward(self, states: States, mask: StatesMask) -> Bridged:
        """Embeddings; the last position may stand for less than the others."""
        for number, conv in enumerate(self.convs):
            if number:
                states = F.gelu(states)
            # what padding became must not reach real positions
            real = mask.unsqueeze(1).to(states.dtype)
            states = conv(states.transpose(1, 2) * real).transpose(1, 2)
            lengths = -(-mask.sum(1) // conv.stride[0])
            mask = (mask.new_ones(states.shape[:2]).cumsum(1) <= lengths.unsqueeze(1)).long()
        return states, mask
