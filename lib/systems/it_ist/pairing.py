"""Encoders and language models that IT-IST may join, counted on the meta device before a run."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    PretrainedConfig,
    Wav2Vec2BertConfig,
    Wav2Vec2BertModel,
)

from lib.models.bridges.strided_conv import StridedConvBridge, StridedConvConfig
from lib.models.published import published
from lib.models.w2v_bert import w2v_bert_shape

MAX_PARAMETERS = 2_000_000_000  # of the language model: the paper's own bound


@dataclass(frozen=True, kw_only=True)
class LanguageModel:
    """A language model of the hub."""

    name: str
    hub: str
    licence: str  # SPDX identifier, or the licence's own name

    @property
    def config(self) -> PretrainedConfig:
        """Its published configuration."""
        return published(self.hub)


LANGUAGE_MODELS = {
    model.name: model
    for model in (
        LanguageModel(name="qwen2.5-0.5b", hub="Qwen/Qwen2.5-0.5B", licence="Apache-2.0"),
        LanguageModel(name="qwen2.5-1.5b", hub="Qwen/Qwen2.5-1.5B", licence="Apache-2.0"),
        # larger than the paper's bound, which asks whether a model of 3 B would be better; its
        # licence is for research only
        LanguageModel(name="qwen2.5-3b", hub="Qwen/Qwen2.5-3B", licence="Qwen-Research"),
        # a summary of the paper calls it "Phi-4 Mini 1.5B"
        LanguageModel(name="phi-4-mini", hub="microsoft/Phi-4-mini-instruct", licence="MIT"),
    )
}
W2V_BERT = published("facebook/w2v-bert-2.0")


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """An encoder and a language model with a bridge between them, counted."""

    language_model: str
    encoder_parameters: int
    bridge_parameters: int  # without the projection
    projection_parameters: int
    language_model_parameters: int
    milliseconds: float  # of speech for one position
    positions: int  # of two minutes of speech


def chosen_language_model(name: str) -> LanguageModel:
    """A language model by its name; `over_budget` says whether it is above the paper's bound.

    Raises:
        ValueError: it is unknown.
    """
    if name not in LANGUAGE_MODELS:
        raise ValueError(f"unknown language model {name!r}; use {', '.join(LANGUAGE_MODELS)}")
    return LANGUAGE_MODELS[name]


def over_budget(config: PretrainedConfig) -> str:
    """Why a language model is above the paper's bound; empty: it is not."""
    with torch.device("meta"):
        count = _parameters(AutoModelForCausalLM.from_config(config))
    if count <= MAX_PARAMETERS:
        return ""
    return f"{count / 1e9:.1f} B parameters, above the paper's bound of {MAX_PARAMETERS / 1e9:g} B"


def check_pairing(
    name: str,
    bridge: StridedConvConfig = StridedConvConfig(),
    encoder: Wav2Vec2BertConfig = W2V_BERT,
    seconds: float = 120.0,
) -> Pairing:
    """Build a pairing on the meta device and send speech through it: shapes and counts.

    Args:
        name: of the language model.
        seconds: of speech; one second has 100 filter bank frames.
    """
    config, stack = LANGUAGE_MODELS[name].config, encoder.feature_projection_input_dim // 80
    with torch.device("meta"):
        speech_encoder = Wav2Vec2BertModel(encoder).eval()
        language_model = AutoModelForCausalLM.from_config(config).eval()
        joint = StridedConvBridge(bridge, w2v_bert_shape(encoder), config.hidden_size)
        frames = round(100 * seconds) // stack
        features = torch.zeros(1, frames, encoder.feature_projection_input_dim)
        given, mask = joint.before(features, torch.ones(1, frames, dtype=torch.long))
        states = speech_encoder(given).last_hidden_state
        embeddings, _ = joint(states, mask)
        # raises where the widths do not fit; the decoder itself does not run on the meta device
        language_model.get_output_embeddings()(embeddings)
    return Pairing(
        language_model=name,
        encoder_parameters=_parameters(speech_encoder),
        bridge_parameters=_parameters(joint) - _parameters(joint.projection),
        projection_parameters=_parameters(joint.projection),
        language_model_parameters=_parameters(language_model),
        milliseconds=1000 * seconds / embeddings.shape[1],
        positions=embeddings.shape[1],
    )


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
