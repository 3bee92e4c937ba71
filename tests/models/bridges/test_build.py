"""Every kind of bridge is built from its configuration, and again from what was saved of it."""

import json
from dataclasses import fields

import pytest
import torch

from lib.data.batch import lengths_mask
from lib.models.bridges.build import KINDS, bridge_config, bridge_facts
from lib.models.bridges.conv_adapter import ConvAdapter, ConvAdapterConfig
from lib.models.bridges.frame_stacking import FrameStacking, FrameStackingConfig
from lib.models.bridges.layer_average import LayerAverage, LayerAverageConfig
from lib.models.bridges.q_former import QFormer, QFormerConfig
from lib.models.bridges.strided_conv import StridedConvBridge, StridedConvConfig
from tests.models.bridges.cases import LAYERS, OUTPUT, WIDTH, build, states

# no field has its default, so that none can be lost
CONFIGS = {
    "strided_conv": StridedConvConfig(
        compression=16, before_encoder=True, kernel=5, layers=1, layerdrop=0.2
    ),
    "q_former": QFormerConfig(
        queries=3,
        layers=2,
        width=16,
        heads=2,
        feed_forward=32,
        cross_every=1,
        dropout=0.2,
        window=4,
        in_order=True,
    ),
    "frame_stacking": FrameStackingConfig(compression=4, hidden=16),
    "conv_adapter": ConvAdapterConfig(compression=4, layers=3, kernel=1),
    "layer_average": LayerAverageConfig(
        bridge=ConvAdapterConfig(compression=4, layers=3, kernel=1), weights="2", layer_norm=True
    ),
}
CLASSES = {
    "strided_conv": StridedConvBridge,
    "q_former": QFormer,
    "frame_stacking": FrameStacking,
    "conv_adapter": ConvAdapter,
    "layer_average": LayerAverage,
}


def given_states(made, *shape):
    """States of the width that a bridge reads."""
    return states(*shape, WIDTH * (LAYERS if made.reads_layers else 1))


def test_every_kind_is_tested_here():
    assert CONFIGS.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_of_these_configurations_has_its_default(kind):
    config = CONFIGS[kind]
    assert [f.name for f in fields(config) if getattr(config, f.name) == f.default] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_configuration_builds_its_class(kind):
    made = build(CONFIGS[kind])
    assert type(made) is CLASSES[kind]
    assert made.config == CONFIGS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_configuration_is_read_as_it_was_written(kind):
    facts = json.loads(json.dumps(bridge_facts(CONFIGS[kind])))
    assert facts["kind"] == kind
    assert bridge_config(facts) == CONFIGS[kind]


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_built_again_takes_the_weights(kind):
    one = build(CONFIGS[kind])
    other = build(bridge_config(bridge_facts(one.config)), seed=2)
    other.load_state_dict(one.state_dict())
    given, mask = given_states(one, 2, 16), lengths_mask([16, 7])
    (found, found_mask), (wanted, wanted_mask) = other(given, mask), one(given, mask)
    assert torch.equal(found, wanted)
    assert torch.equal(found_mask, wanted_mask)


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_language_models_width_and_a_mask(kind):
    made = build(CONFIGS[kind])
    found, mask = made(given_states(made, 2, 16), lengths_mask([16, 7]))
    assert found.shape == (*mask.shape, OUTPUT)
    assert mask[0].all()


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"strided_conv"}))
def test_a_bridge_after_the_encoder_leaves_its_input_as_it_is(kind):
    given, mask = states(2, 9, 160), lengths_mask([9, 4])
    found, found_mask = build(CONFIGS[kind]).before(given, mask)
    assert found is given and found_mask is mask


def test_the_configuration_that_was_read_is_left_as_it_was():
    facts = bridge_facts(CONFIGS["q_former"])
    bridge_config(facts)
    assert facts["kind"] == "q_former"


@pytest.mark.parametrize("facts, name", [({"kind": "perceiver"}, "'perceiver'"), ({}, "None")])
def test_an_unknown_kind_is_named_with_those_that_there_are(facts, name):
    message = f"unknown kind of bridge {name}; use strided_conv, q_former, frame_stacking"
    with pytest.raises(ValueError, match=message):
        bridge_config(facts)


def test_an_unknown_field_is_named():
    facts = bridge_facts(CONFIGS["frame_stacking"]) | {"depth": 3}
    with pytest.raises(TypeError, match="'depth'"):
        bridge_config(facts)
