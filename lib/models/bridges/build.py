"""Every kind of bridge by its name: built from its configuration, which is saved with a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lib.models.bridges.bridge import Bridge, EncoderShape
from lib.models.bridges.conv_adapter import ConvAdapter, ConvAdapterConfig
from lib.models.bridges.frame_stacking import FrameStacking, FrameStackingConfig
from lib.models.bridges.layer_average import LayerAverage, LayerAverageConfig
from lib.models.bridges.q_former import QFormer, QFormerConfig
from lib.models.bridges.strided_conv import StridedConvBridge, StridedConvConfig

BridgeConfig = (
    StridedConvConfig | QFormerConfig | FrameStackingConfig | ConvAdapterConfig | LayerAverageConfig
)

# name -> configuration and class; another kind of bridge is one more line
KINDS: dict[str, tuple[type, type[Bridge]]] = {
    "strided_conv": (StridedConvConfig, StridedConvBridge),
    "q_former": (QFormerConfig, QFormer),
    "frame_stacking": (FrameStackingConfig, FrameStacking),
    "conv_adapter": (ConvAdapterConfig, ConvAdapter),
    "layer_average": (LayerAverageConfig, LayerAverage),
}


def build_bridge(config: BridgeConfig, encoder: EncoderShape, output_width: int) -> Bridge:
    """A bridge with random weights.

    Raises:
        ValueError: the encoder's frames do not allow its compression, or it lacks a layer.
    """
    if isinstance(config, LayerAverageConfig):
        return LayerAverage(config, encoder, build_bridge(config.bridge, encoder, output_width))
    return next(cls for kind, cls in KINDS.values() if type(config) is kind)(
        config, encoder, output_width
    )


def bridge_facts(config: BridgeConfig) -> dict[str, Any]:
    """A configuration as JSON-able data."""
    kind = next(name for name, (cls, _) in KINDS.items() if type(config) is cls)
    facts = {"kind": kind, **asdict(config)}
    if isinstance(config, LayerAverageConfig):
        facts["bridge"] = bridge_facts(config.bridge)
    return facts


def bridge_config(facts: Mapping[str, Any]) -> BridgeConfig:
    """The configuration that `bridge_facts` wrote.

    Raises:
        ValueError: unknown kind.
    """
    facts = dict(facts)
    if (kind := facts.pop("kind", None)) not in KINDS:
        raise ValueError(f"unknown kind of bridge {kind!r}; use {', '.join(KINDS)}")
    if "bridge" in facts:
        facts["bridge"] = bridge_config(facts["bridge"])
    return KINDS[kind][0](**facts)
