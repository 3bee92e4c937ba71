"""The plain convolutions: the published sizes, strides, positions, and padding."""

import pytest
import torch
import torch.nn.functional as F

from lib.data.batch import lengths_mask
from lib.models.bridges.bridge import EncoderShape
from lib.models.bridges.conv_adapter import ConvAdapter, ConvAdapterConfig
from tests.models.bridges.cases import OUTPUT, WIDTH, build, ones, parameters, states

# the encoder of the paper: its width, and its states of 40 ms
CONFORMER = EncoderShape(
    width=1024, input_width=320, heads=16, feed_forward=4096, stack=4, layers=24
)
KINDS = {
    "the paper's": ConvAdapterConfig(),
    "one layer": ConvAdapterConfig(compression=4, layers=1),
    "four layers": ConvAdapterConfig(layers=4),
    "no stride": ConvAdapterConfig(compression=2),
    "MLP": ConvAdapterConfig(kernel=1),
    "wide kernel": ConvAdapterConfig(kernel=7),
}


def published(output_width, **changes):
    with torch.device("meta"):
        return ConvAdapter(ConvAdapterConfig(**changes), CONFORMER, output_width)


# ---- the published sizes, of 2412.18566 ----


@pytest.mark.parametrize("width, count", [(2048, 18_878_464), (4096, 62_922_752)])
def test_parameters_for_a_language_model(width, count):
    """Published: 18.88 and 62.92 million."""
    assert parameters(published(width)) == count


@pytest.mark.parametrize("layers", [1, 2, 4])
def test_each_further_layer_keeps_the_language_models_width(layers):
    counted = parameters(published(2048, layers=layers))
    assert counted == (3 * 1024 + 1) * 2048 + (layers - 1) * (3 * 2048 + 1) * 2048


def test_a_multilayer_perceptron_has_a_third_of_the_weights():
    assert parameters(published(2048, kernel=1)) == 1025 * 2048 + 2049 * 2048


# ---- strides ----


@pytest.mark.parametrize(
    "compression, layers, stack, strides",
    [
        (8, 2, 2, (2, 2)),
        (8, 2, 4, (2, 1)),
        (8, 2, 8, (1, 1)),
        (8, 1, 4, (2,)),
        (8, 4, 2, (2, 2, 1, 1)),
        (8, 4, 4, (2, 1, 1, 1)),
        (8, 1, 2, (2, 2)),  # one layer cannot reach it
        (16, 2, 2, (2, 2, 2)),
        (6, 2, 3, (2, 1)),
    ],
)
def test_strides(compression, layers, stack, strides):
    config = ConvAdapterConfig(compression=compression, layers=layers)
    assert config.strides(stack) == strides


@pytest.mark.parametrize("compression, stack", [(6, 2), (8, 3), (2, 4), (0, 2), (12, 4), (1, 2)])
def test_a_compression_that_cannot_be_reached_is_refused(compression, stack):
    with pytest.raises(ValueError, match=f"compression {compression} cannot be reached from"):
        ConvAdapterConfig(compression=compression).strides(stack)


def test_the_error_names_compressions_that_can_be_reached():
    with pytest.raises(ValueError, match="use 4, 8 or 16$") as caught:
        ConvAdapterConfig(compression=6).strides(4)
    assert "states of 4 frames of 10 ms" in str(caught.value)


def test_an_adapter_whose_compression_cannot_be_reached_is_not_built():
    with pytest.raises(ValueError, match="compression 6 cannot be reached"):
        build(ConvAdapterConfig(compression=6))


# ---- positions ----


@torch.no_grad()
@pytest.mark.parametrize("config", KINDS.values(), ids=KINDS)
def test_every_state_of_a_single_clip_is_heard(config):
    """Positions are as many as are begun: 7 states of 20 ms are 2 positions of 80 ms."""
    made, per_position = build(config), config.compression // 2
    for count in range(1, 34):
        found, mask = made(states(1, count, WIDTH), ones(1, count))
        assert found.shape == (1, -(-count // per_position), OUTPUT), count
        assert mask.tolist() == [[1] * found.shape[1]]


@torch.no_grad()
@pytest.mark.parametrize("config", KINDS.values(), ids=KINDS)
def test_a_clip_is_the_same_in_any_batch_whatever_padding_holds(config):
    made, lengths = build(config), [33, 1, 2, 7, 16, 20]
    given, mask = states(len(lengths), max(lengths), WIDTH), lengths_mask(lengths)
    given[~mask.bool()] = 9.0
    together, real = made(given, mask)
    for row, length in enumerate(lengths):
        alone, _ = made(given[row : row + 1, :length], ones(1, length))
        assert int(real[row].sum()) == alone.shape[1]
        assert torch.allclose(together[row, : alone.shape[1]], alone[0], atol=1e-5)


@torch.no_grad()
def test_more_padding_gives_the_same_positions():
    made, given, mask = build(ConvAdapterConfig()), states(2, 21, WIDTH), lengths_mask([21, 10])
    found, real = made(given, mask)
    far, far_real = made(F.pad(given, (0, 0, 0, 9), value=3.0), F.pad(mask, (0, 9)))
    assert far_real.sum() == real.sum()
    kept = real.bool()
    assert torch.allclose(far[:, : real.shape[1]][kept], found[kept], atol=1e-5)


@torch.no_grad()
def test_the_papers_layers_are_convolutions_with_one_activation_between():
    made, given = build(ConvAdapterConfig()), states(1, 16, WIDTH)
    found, _ = made(given, ones(1, 16))
    first, second = made.convs
    wanted = second(F.gelu(first(given.transpose(1, 2)))).transpose(1, 2)
    assert torch.allclose(found, wanted, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("kernel, reach", [(1, []), (3, [1, 2]), (7, [0, 1, 2, 3])])
def test_how_far_a_state_is_heard(kernel, reach):
    """State 7 is the last of position 1; a multilayer perceptron hears every fourth only."""
    made, given = build(ConvAdapterConfig(kernel=kernel)), states(1, 16, WIDTH)
    plain, _ = made(given, ones(1, 16))
    given[0, 7] += 1.0
    changed, _ = made(given, ones(1, 16))
    moved = (changed - plain).abs().amax(-1)[0] > 1e-5
    assert moved.nonzero().flatten().tolist() == reach


@pytest.mark.parametrize("config", KINDS.values(), ids=KINDS)
def test_every_parameter_gets_a_gradient(config):
    made = build(config)
    found, _ = made(states(2, 16, WIDTH), lengths_mask([16, 9]))
    (found * states(*found.shape, seed=3)).sum().backward()
    unused = [n for n, p in made.named_parameters() if p.grad is None or not p.grad.any()]
    assert unused == []


def test_an_even_kernel_is_refused():
    with pytest.raises(ValueError, match="kernel=4 is even.*use 1, 3 or 5"):
        ConvAdapterConfig(kernel=4).strides(stack=4)
