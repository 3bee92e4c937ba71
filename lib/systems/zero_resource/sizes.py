"""The published sizes of zero-resource translation, counted on the meta device before a run."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from transformers import MT5ForConditionalGeneration

from lib.models.bridges.bridge import EncoderShape
from lib.models.bridges.build import build_bridge
from lib.models.bridges.conv_adapter import ConvAdapterConfig
from lib.models.lora import add_lora
from lib.models.published import published
from lib.systems.zero_resource.recipe import RECIPES

# the paper's Conformer, 630 M parameters and private: what an adapter has to know of it
CONFORMER = EncoderShape(
    width=1024, input_width=320, heads=16, feed_forward=4096, stack=4, layers=24
)
MT0 = ("bigscience/mt0-xl", "bigscience/mt0-xxl")  # on the hub, Apache-2.0


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Parameters of the parts of one system."""

    adapter: int
    lora: int
    attention_blocks: int  # that LoRA is in
    language_model: int


def count_sizes(hub: str) -> Sizes:
    """Count the parts of a published system; nothing is allocated."""
    lora = RECIPES["full"].lora
    config = published(hub)
    with torch.device("meta"):
        adapter = build_bridge(ConvAdapterConfig(), CONFORMER, config.d_model)
        model = MT5ForConditionalGeneration(config)
        counted = _parameters(model)
        added = add_lora(model, lora.rank, lora.alpha, lora.targets)
    blocks = [name for name, _ in model.named_modules() if name.endswith("Attention")]
    return Sizes(
        adapter=_parameters(adapter),
        lora=added,
        attention_blocks=len(blocks),
        language_model=counted,
    )


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
