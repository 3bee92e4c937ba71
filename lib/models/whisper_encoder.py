"""Whisper's encoder: the frozen speech encoder of LLM-SRT (2409.19510).

The published checkpoint and those trained here are the same Hugging Face class, loaded by the same
call.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from lib.data.log_mel import LogMelExtractor
from lib.data.store import default_cost
from lib.files import atomic_path, read_json
from lib.models.bridges.bridge import EncoderShape, States, StatesMask
from lib.models.loading import load_checkpoint
from lib.tasks import Example

FRAMES_PER_STATE = 2  # of 10 ms; the second convolution has stride 2
SECONDS_PER_STATE = 0.02


class WhisperSpeechEncoder(nn.Module):
    """Whisper's encoder with a state every 20 ms, whose states do not depend on the batch.

    Args:
        pad_to_window: every clip is padded with silence to 30 s, as published, and the silence is
            attended to; else clips keep their length, and padding is masked, which Hugging Face's
            encoder cannot do. A published checkpoint has not heard unpadded clips.
    """

    def __init__(self, model: WhisperEncoder, pad_to_window: bool = True) -> None:
        super().__init__()
        self.model, self.pad_to_window = model, pad_to_window

    @property
    def config(self) -> WhisperConfig:
        return self.model.config

    @property
    def shape(self) -> EncoderShape:
        """What a bridge has to know."""
        return whisper_shape(self.config)

    @property
    def frame_encoder(self) -> nn.Module:
        """What CTC trains: all of it."""
        return self.model

    @property
    def window_seconds(self) -> float:
        """The longest audio that it takes."""
        return self.config.max_source_positions * SECONDS_PER_STATE

    def cost(self, example: Example) -> float:
        """Seconds of speech that are encoded for an example."""
        return self.window_seconds if self.pad_to_window else default_cost(example)

    def feature_extractor(self, max_seconds: float) -> LogMelExtractor:
        return LogMelExtractor(
            self.config.num_mel_bins,
            max_seconds,
            window_seconds=self.window_seconds,
            pad_to_window=self.pad_to_window,
        )

    def frame_states(
        self, features: Float[Tensor, "batch frames mels"], mask: Int[Tensor, "batch frames"]
    ) -> tuple[States, StatesMask]:
        """The state of each pair of frames, and which are real; others mean nothing."""
        *_, last = self._states(features, mask)
        return last, mask[:, ::FRAMES_PER_STATE]

    def layer_states(
        self, features: Float[Tensor, "batch frames mels"], mask: Int[Tensor, "batch frames"]
    ) -> tuple[States, StatesMask]:
        """The states of each pair of frames in every layer, side by side, the first layer's first.
        """
        return torch.cat(list(self._states(features, mask)), -1), mask[:, ::FRAMES_PER_STATE]

    def _states(
        self, features: Float[Tensor, "batch frames mels"], mask: Int[Tensor, "batch frames"]
    ) -> Iterator[States]:
        """The output of each layer; of the last one, after the final norm."""
        model, real = self.model, mask.unsqueeze(1).to(features.dtype)
        hidden = F.gelu(model.conv1(features.transpose(1, 2) * real))
        # what padding became must not reach the last state
        hidden = F.gelu(model.conv2(hidden * real)).transpose(1, 2)
        hidden = hidden + model.embed_positions.weight[: hidden.shape[1]]
        hidden = F.dropout(hidden, model.dropout, model.training)
        states_mask = mask[:, ::FRAMES_PER_STATE]
        unseen = None if bool(states_mask.all()) else unseen_padding(states_mask, hidden)
        for number, layer in enumerate(model.layers, start=1):
            hidden = layer(hidden, unseen, layer_head_mask=None)[0]
            yield hidden if number < len(model.layers) else model.layer_norm(hidden)

    def save(self, folder: Path | str) -> None:
        """Write it as plain transformers reads it, safetensors only, with its feature extractor."""
        with atomic_path(folder) as new:
            self.model.save_pretrained(new, safe_serialization=True)
            WhisperFeatureExtractor(self.config.num_mel_bins).save_pretrained(new)


def unseen_padding(
    mask: StatesMask, queries: Float[Tensor, "batch queries hidden"]
) -> Float[Tensor, "batch 1 queries states"]:
    """What Whisper's attention adds to its logits: 0 for real states, else the lowest number."""
    unseen = (1 - mask[:, None, None].to(queries.dtype)) * torch.finfo(queries.dtype).min
    return unseen.expand(-1, -1, queries.shape[1], -1)


def whisper_shape(config: WhisperConfig) -> EncoderShape:
    """What a bridge has to know of a Whisper encoder."""
    return EncoderShape(
        width=config.d_model,
        input_width=config.num_mel_bins,
        heads=config.encoder_attention_heads,
        feed_forward=config.encoder_ffn_dim,
        stack=FRAMES_PER_STATE,
        layers=config.encoder_layers,
    )


def load_whisper_encoder(path: str | Path, pad_to_window: bool = True) -> WhisperSpeechEncoder:
    """The encoder of a checkpoint of the hub or of this machine, or a folder that `save` wrote.

    Raises:
        ValueError: a weight is missing, unexpected or of another shape.
    """
    config = Path(path) / "config.json"
    if config.exists() and read_json(config).get("architectures") == ["WhisperEncoder"]:
        model = load_checkpoint(WhisperEncoder, path, "Whisper")
    else:
        model = load_checkpoint(WhisperModel, path, "Whisper", ("proj_out",)).encoder
    return WhisperSpeechEncoder(model, pad_to_window)
