"""Frame stacking: neighbouring states side by side, two linear layers (SLAM-ASR, 2402.08846)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from lib.models.bridges.bridge import Bridge, Bridged, EncoderShape, States, StatesMask


@dataclass(frozen=True, kw_only=True)
class FrameStackingConfig:
    """Sizes; the defaults are those of SLAM-ASR with Whisper."""

    compression: int = 10  # frames of 10 ms for one position: 5 states
    hidden: int = 2048


class FrameStacking(Bridge):
    """A position for every few states; nothing in it looks further.

    Raises:
        ValueError: the compression is no multiple of the encoder's.
    """

    def __init__(
        self, config: FrameStackingConfig, encoder: EncoderShape, output_width: int
    ) -> None:
        super().__init__()
        self.config = config
        self.count, rest = divmod(config.compression, encoder.stack)
        if rest or not self.count:
            raise ValueError(
                f"compression {config.compression} is no multiple of {encoder.stack}, the frames "
                "of one state"
            )
        self.layers = nn.Sequential(
            nn.Linear(encoder.width * self.count, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, output_width),
        )

    def forward(self, states: States, mask: StatesMask) -> Bridged:
        """Embeddings; an incomplete last group is filled up with zeros."""
        rows, length, width = states.shape
        missing = -length % self.count
        states = nn.functional.pad(states * mask.unsqueeze(-1).to(states.dtype), (0, 0, 0, missing))
        lengths = -(-mask.sum(1) // self.count)
        found = self.layers(states.reshape(rows, -1, width * self.count))
        positions = torch.arange(found.shape[1], device=mask.device)
        return found, (positions < lengths.unsqueeze(1)).long()
