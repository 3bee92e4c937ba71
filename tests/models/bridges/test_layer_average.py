"""The average over layers: which layers are heard, what trains, and what a bridge keeps of it."""

import json
from dataclasses import replace

import pytest
import torch

from lib.data.batch import lengths_mask
from lib.models.bridges.build import bridge_config, bridge_facts
from lib.models.bridges.conv_adapter import ConvAdapterConfig
from lib.models.bridges.layer_average import LAST, LEARNED, UNIFORM, LayerAverageConfig
from lib.models.bridges.strided_conv import StridedConvConfig
from tests.models.bridges.cases import LAYERS, WIDTH, build, ones, states

LEARNT = LayerAverageConfig(bridge=ConvAdapterConfig())
SHARES = torch.tensor([0.2, 0.5, 0.3])


def average(weights=LEARNED, **changes):
    return build(replace(LEARNT, weights=weights, **changes))


def learnt(shares=SHARES, **changes):
    """An average whose weights are given."""
    made = average(**changes)
    with torch.no_grad():
        made.logits.copy_(shares.log())
    return made


def by_layer(batch=1, count=16):
    """States of all layers, (batch, states, layers, width), and the same side by side."""
    found = states(batch, count, LAYERS, WIDTH)
    return found, found.flatten(2)


# ---- what is heard ----


@torch.no_grad()
@pytest.mark.parametrize("weights, layer", [(LAST, 2), ("1", 0), ("2", 1), ("3", 2)])
def test_a_single_layer_is_heard_as_if_the_others_were_not_there(weights, layer):
    made, (layers, given) = average(weights), by_layer()
    found, _ = made(given, ones(1, 16))
    wanted, _ = made.inner(layers[:, :, layer], ones(1, 16))
    assert torch.equal(found, wanted)


@torch.no_grad()
@pytest.mark.parametrize("weights", [UNIFORM, LEARNED])
def test_all_layers_weigh_alike_at_first(weights):
    made, (layers, given) = average(weights), by_layer()
    assert made.weights.tolist() == pytest.approx([1 / LAYERS] * LAYERS)
    found, _ = made(given, ones(1, 16))
    wanted, _ = made.inner(layers.mean(2), ones(1, 16))
    assert torch.allclose(found, wanted, atol=1e-6)


@torch.no_grad()
def test_the_first_weight_is_of_the_first_layer():
    made, (layers, given) = learnt(), by_layer()
    assert torch.allclose(made.weights, SHARES)
    found, _ = made(given, ones(1, 16))
    wanted, _ = made.inner((layers * SHARES[:, None]).sum(2), ones(1, 16))
    assert torch.allclose(found, wanted, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("layer_norm", [True, False])
def test_the_size_of_a_layers_states_matters_unless_they_are_normalised(layer_norm):
    made, (layers, given) = learnt(layer_norm=layer_norm), by_layer()
    larger = layers * torch.tensor([10.0, 1.0, 1.0])[:, None]
    plain, _ = made(given, ones(1, 16))
    found, _ = made(larger.flatten(2), ones(1, 16))
    # a layer norm adds 1e-5 to the variance
    assert torch.allclose(found, plain, atol=1e-4) is layer_norm


@torch.no_grad()
@pytest.mark.parametrize("layer_norm", [True, False])
def test_a_clip_is_the_same_in_any_batch_whatever_padding_holds(layer_norm):
    made, lengths = learnt(layer_norm=layer_norm), [21, 1, 6]
    _, given = by_layer(3, 21)
    mask = lengths_mask(lengths)
    given[~mask.bool()] = 5.0
    together, real = made(given, mask)
    for row, length in enumerate(lengths):
        alone, _ = made(given[row : row + 1, :length], ones(1, length))
        assert int(real[row].sum()) == alone.shape[1]
        assert torch.allclose(together[row, : alone.shape[1]], alone[0], atol=1e-5)


@torch.no_grad()
def test_the_inner_bridge_may_begin_before_the_encoder():
    made = average(bridge=StridedConvConfig(before_encoder=True))
    given, mask = states(2, 16, 160), lengths_mask([16, 9])
    for found, wanted in zip(made.before(given, mask), made.inner.before(given, mask), strict=True):
        assert torch.equal(found, wanted)


@pytest.mark.parametrize("weights", ["0", "4", "-1", "first", ""])
def test_weights_that_are_none_are_refused_with_those_that_there_are(weights):
    message = f"weights='{weights}' is none of learned, uniform, last, .* the encoder's 3 layers"
    with pytest.raises(ValueError, match=message):
        average(weights)


# ---- shifted weights ----


@pytest.mark.parametrize(
    "layers, shares", [(1, [0.3, 0.2, 0.5]), (-1, [0.5, 0.3, 0.2]), (3, [0.2, 0.5, 0.3])]
)
def test_each_layer_gets_the_weight_of_one_before_it(layers, shares):
    made = learnt()
    made.shift(layers)
    assert made.weights.tolist() == pytest.approx(shares)


@pytest.mark.parametrize("weights", [LEARNED, LAST])
def test_weights_that_are_shifted_back_are_the_same_numbers(weights):
    made = learnt() if weights == LEARNED else average(weights)
    before = made.logits.detach().clone()
    made.shift(2)
    assert not torch.equal(made.logits, before)
    made.shift(-2)
    assert torch.equal(made.logits, before)


def test_the_last_layer_shifted_is_the_first():
    made = average(LAST)
    made.shift(1)
    assert made.weights.tolist() == [1, 0, 0]


def test_shifted_weights_still_train():
    made = learnt()
    made.shift(1)
    assert isinstance(made.logits, torch.nn.Parameter) and made.logits.requires_grad


# ---- training ----


def gradient(made):
    found, _ = made(by_layer()[1], ones(1, 16))
    (found * states(*found.shape, seed=3)).sum().backward()
    return {name: parameter.grad for name, parameter in made.named_parameters()}


def test_learned_weights_get_a_gradient_each():
    assert (gradient(learnt())["logits"].abs() > 1e-4).all()


@pytest.mark.parametrize("weights", [UNIFORM, LAST, "1"])
def test_fixed_weights_do_not_train(weights):
    found = gradient(average(weights))
    assert found.keys() == {f"inner.{name}" for name, _ in average().inner.named_parameters()}
    assert all(gradient.isfinite().all() for gradient in found.values())


# ---- what is kept ----


@pytest.mark.parametrize("weights", [LEARNED, UNIFORM, LAST, "2"])
def test_the_inner_bridge_is_kept_with_its_own_kind(weights):
    config = LayerAverageConfig(bridge=StridedConvConfig(compression=16), weights=weights)
    facts = json.loads(json.dumps(bridge_facts(config)))
    assert (facts["kind"], facts["bridge"]["kind"]) == ("layer_average", "strided_conv")
    assert bridge_config(facts) == config


def test_reading_a_configuration_leaves_its_inner_one_as_it_was():
    facts = bridge_facts(LEARNT)
    bridge_config(facts)
    assert facts == bridge_facts(LEARNT)


@pytest.mark.parametrize("weights", [LEARNED, UNIFORM, LAST])
def test_weights_are_among_the_saved_numbers(weights):
    one = learnt() if weights == LEARNED else average(weights)
    one.shift(1)
    other = average(weights)
    other.load_state_dict(one.state_dict())
    assert torch.equal(other.weights, one.weights)
