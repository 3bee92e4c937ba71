"""The published sizes of LLM-SRT, counted on the meta device before a run."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from transformers import Qwen2Config, Qwen2ForCausalLM
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from lib.models.bridges.build import build_bridge
from lib.models.bridges.q_former import QFormerConfig
from lib.models.lora import Lora, add_lora
from lib.models.published import published
from lib.models.whisper_encoder import whisper_shape

WHISPER = "openai/whisper-large-v3"


@dataclass(frozen=True, kw_only=True)
class LanguageModel:
    """A language model of the paper."""

    hub: str
    licence: str

    @property
    def config(self) -> Qwen2Config:
        """Its published configuration."""
        return published(self.hub)


LANGUAGE_MODELS = {
    "qwen2.5-3b": LanguageModel(hub="Qwen/Qwen2.5-3B", licence="Qwen-Research"),
    "qwen2.5-7b": LanguageModel(hub="Qwen/Qwen2.5-7B", licence="Apache-2.0"),
    "qwen2.5-32b": LanguageModel(hub="Qwen/Qwen2.5-32B", licence="Apache-2.0"),
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
        joint = build_bridge(bridge, whisper_shape(published(WHISPER)), config.hidden_size)
        language_model = Qwen2ForCausalLM(config)
        encoder = WhisperEncoder(published(WHISPER))
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
