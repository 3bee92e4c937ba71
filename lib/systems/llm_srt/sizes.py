"""The published sizes of LLM-SRT, counted on the meta device before a run."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from transformers import Qwen2Config, Qwen2ForCausalLM, WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from lib.models.bridges.build import build_bridge
from lib.models.bridges.q_former import QFormerConfig
from lib.models.lora import Lora, add_lora
from lib.models.whisper_encoder import whisper_shape

WHISPER = WhisperConfig(  # openai/whisper-large-v3's encoder
    d_model=1280,
    encoder_layers=32,
    encoder_attention_heads=20,
    encoder_ffn_dim=5120,
    num_mel_bins=128,
)


@dataclass(frozen=True, kw_only=True)
class LanguageModel:
    """A language model of the paper."""

    hub: str
    licence: str
    hidden: int
    layers: int
    heads: int
    key_value_heads: int
    feed_forward: int
    tied: bool = False

    @property
    def config(self) -> Qwen2Config:
        """Its published configuration."""
        return Qwen2Config(
            vocab_size=151_936 if self.hidden < 3584 else 152_064,
            hidden_size=self.hidden,
            intermediate_size=self.feed_forward,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.key_value_heads,
            tie_word_embeddings=self.tied,
        )


LANGUAGE_MODELS = {
    "qwen2.5-3b": LanguageModel(
        hub="Qwen/Qwen2.5-3B",
        licence="Qwen-Research",
        hidden=2048,
        layers=36,
        heads=16,
        key_value_heads=2,
        feed_forward=11_008,
        tied=True,
    ),
    "qwen2.5-7b": LanguageModel(
        hub="Qwen/Qwen2.5-7B",
        licence="Apache-2.0",
        hidden=3584,
        layers=28,
        heads=28,
        key_value_heads=4,
        feed_forward=18_944,
    ),
    "qwen2.5-32b": LanguageModel(
        hub="Qwen/Qwen2.5-32B",
        licence="Apache-2.0",
        hidden=5120,
        layers=64,
        heads=40,
        key_value_heads=8,
        feed_forward=27_648,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Parameters of the parts of one system."""

    encoder: int
    bridge: int
    language_model: int
    lora: int


def chosen_language_model(name: str) -> LanguageModel:
    """A language model by its name.

    Raises:
        ValueError: it is unknown.
    """
    if name not in LANGUAGE_MODELS:
        raise ValueError(f"unknown language model {name!r}; use {', '.join(LANGUAGE_MODELS)}")
    return LANGUAGE_MODELS[name]


def count_sizes(
    name: str, bridge: QFormerConfig = QFormerConfig(), lora: Lora = Lora()
) -> Sizes:
    """Count the parts of a published system; nothing is allocated."""
    with torch.device("meta"):
        config = chosen_language_model(name).config
        joint = build_bridge(bridge, whisper_shape(WHISPER), config.hidden_size)
        language_model = Qwen2ForCausalLM(config)
        encoder = WhisperEncoder(WHISPER)
        counted = _parameters(language_model)
        added = add_lora(language_model, lora.rank, lora.alpha, lora.targets)
    return Sizes(
        encoder=_parameters(encoder),
        bridge=_parameters(joint),
        language_model=counted,
        lora=added,
    )


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
