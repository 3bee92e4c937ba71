"""w2v-BERT 2.0, the speech encoder of IT-IST (2506.17019).

The published checkpoint and those trained here are the same Hugging Face class, loaded by the same
call.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import SeamlessM4TFeatureExtractor, Wav2Vec2BertConfig, Wav2Vec2BertModel

from lib.data.features import MELS, FbankExtractor
from lib.data.store import default_cost
from lib.files import atomic_path
from lib.models.bridges.bridge import EncoderShape
from lib.models.loading import load_checkpoint
from lib.models.relative_attention import use_relative_attention
from lib.tasks import Example


@dataclass(frozen=True, kw_only=True)
class W2vBertSize:
    """Sizes that differ between a w2v-BERT trained here and the published one."""

    hidden: int  # width of every layer
    heads: int
    layers: int
    feed_forward: int
    stack: int  # filter bank frames joined at the input; published: 2, a state every 20 ms
    kernel: int = 15  # of the depthwise convolution


class W2vBert(nn.Module):
    """The encoder without adapter: one state for each stacked frame."""

    def __init__(self, model: Wav2Vec2BertModel) -> None:
        super().__init__()
        self.model = model
        if model.adapter is not None:
            raise ValueError("a w2v-BERT with an adapter of its own; the bridge is the adapter")
        use_relative_attention(model)

    @property
    def config(self) -> Wav2Vec2BertConfig:
        return self.model.config

    @property
    def stack(self) -> int:
        """Filter bank frames joined at the input."""
        return self.config.feature_projection_input_dim // MELS

    @property
    def shape(self) -> EncoderShape:
        """What a bridge has to know."""
        return w2v_bert_shape(self.config)

    @property
    def frame_encoder(self) -> nn.Module:
        """What CTC trains: all of it."""
        return self.model

    def cost(self, example: Example) -> float:
        """Seconds of speech that are encoded for an example."""
        return default_cost(example)

    def feature_extractor(self, max_seconds: float) -> FbankExtractor:
        return FbankExtractor(self.stack, max_seconds)

    def frame_states(
        self, features: Float[Tensor, "batch frames width"], mask: Int[Tensor, "batch frames"]
    ) -> tuple[Float[Tensor, "batch frames hidden"], Int[Tensor, "batch frames"]]:
        """The state of each frame, and which are real; others mean nothing."""
        return self.model(features, attention_mask=mask).last_hidden_state, mask

    def layer_states(
        self, features: Float[Tensor, "batch frames width"], mask: Int[Tensor, "batch frames"]
    ) -> tuple[Float[Tensor, "batch frames layers_hidden"], Int[Tensor, "batch frames"]]:
        """The states of each frame in every layer, side by side, the first layer's first."""
        found = self.model(features, attention_mask=mask, output_hidden_states=True)
        return torch.cat(found.hidden_states[1:], -1), mask  # without the layers' input

    def save(self, folder: Path | str) -> None:
        """Write it as plain transformers reads it, safetensors only, with its feature extractor."""
        with atomic_path(folder) as new:
            self.model.save_pretrained(new, safe_serialization=True)
            SeamlessM4TFeatureExtractor(stride=self.stack).save_pretrained(new)


def w2v_bert_shape(config: Wav2Vec2BertConfig) -> EncoderShape:
    """What a bridge has to know of a w2v-BERT."""
    return EncoderShape(
        width=config.hidden_size,
        input_width=config.feature_projection_input_dim,
        heads=config.num_attention_heads,
        feed_forward=config.intermediate_size,
        stack=config.feature_projection_input_dim // MELS,
        layers=config.num_hidden_layers,
    )


def load_w2v_bert(path: str | Path) -> W2vBert:
    """A checkpoint of the hub or of this machine.

    Args:
        path: a folder, or a hub name such as `facebook/w2v-bert-2.0`.

    Raises:
        ValueError: a weight is missing, unexpected or of another shape.
    """
    return W2vBert(load_checkpoint(Wav2Vec2BertModel, path, "w2v-BERT"))


def build_w2v_bert(size: W2vBertSize, seed: int) -> W2vBert:
    """A w2v-BERT with random weights."""
    config = Wav2Vec2BertConfig(
        hidden_size=size.hidden,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=size.feed_forward,
        feature_projection_input_dim=MELS * size.stack,
        conv_depthwise_kernel_size=size.kernel,
        add_adapter=False,
        layerdrop=0.0,  # too few layers to drop any
        apply_spec_augment=False,  # augmentation is the stage's
        mask_time_prob=0.0,  # else there is a mask embedding that nothing trains
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return W2vBert(Wav2Vec2BertModel(config))
