"""Lengths, padding and rates of the strided bridge, for every kernel and stride."""

import itertools

import pytest
import torch
from transformers import Wav2Vec2BertConfig
from transformers.models.wav2vec2_bert.modeling_wav2vec2_bert import Wav2Vec2BertAdapter

from lib.data.batch import lengths_mask
from lib.models.bridges.bridge import EncoderShape
from lib.models.bridges.strided_conv import (
    COMPRESSIONS,
    StridedConvBridge,
    StridedConvConfig,
    StridedConvs,
)

WIDTH = 8
SHAPES = [(kernel, (stride,)) for kernel in (1, 3, 5, 7, 8) for stride in (1, 2, 3, 4)]
CHAINS = [(3, (2, 2)), (8, (3, 2)), (5, (1, 2, 2)), (1, (4, 1))]


def convs(kernel, strides, layerdrop=0.0):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        found = StridedConvs(WIDTH, 2, 16, kernel, strides, layerdrop)
        for parameter in found.parameters():  # biases of zero would hide errors of padding
            torch.nn.init.normal_(parameter, std=0.4)
    return found.eval()


def bridge(config, stack=2, seed=1):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        shape = EncoderShape(
            width=WIDTH, input_width=80 * stack, heads=2, feed_forward=16, stack=stack, layers=1
        )
        made = StridedConvBridge(config, shape, output_width=12)
    return made.eval()


def states(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# ---- lengths ----


@torch.no_grad()
@pytest.mark.parametrize("kernel, strides", SHAPES + CHAINS)
def test_every_state_of_a_single_clip_is_real(kernel, strides):
    layers = convs(kernel, strides)
    for count in range(1, 41):
        found, mask = layers(states(1, count, WIDTH), torch.ones(1, count).long())
        assert found.shape[1] >= 1
        assert mask.tolist() == [[1] * found.shape[1]], (count, found.shape)


@torch.no_grad()
@pytest.mark.parametrize("kernel, strides", SHAPES + CHAINS)
def test_a_clip_has_the_same_states_in_any_batch(kernel, strides):
    layers, lengths = convs(kernel, strides), [1, 2, 5, 16, 23, 40]
    together = states(len(lengths), max(lengths), WIDTH)
    noisy = together.clone()
    mask = lengths_mask(lengths)
    noisy[~mask.bool()] = 5.0  # what padding holds does not matter
    found, found_mask = layers(noisy, mask)
    for row, length in enumerate(lengths):
        alone, _ = layers(together[row : row + 1, :length], torch.ones(1, length).long())
        assert int(found_mask[row].sum()) == alone.shape[1]
        assert torch.allclose(found[row, : alone.shape[1]], alone[0], atol=1e-4)


@torch.no_grad()
def test_a_batch_of_more_padding_gives_the_same_states():
    layers, given = convs(3, (2, 2)), states(2, 21, WIDTH)
    mask = lengths_mask([21, 10])
    found, real = layers(given, mask)
    pad = torch.nn.functional.pad
    far, far_real = layers(pad(given, (0, 0, 0, 9), value=3.0), pad(mask, (0, 9)))
    assert torch.equal(far_real[:, : real.shape[1]], real)
    assert far_real.sum() == real.sum()
    kept = real.bool()
    assert torch.allclose(far[:, : real.shape[1]][kept], found[kept], atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("count", [4, 9, 30])
@pytest.mark.parametrize("layers", [1, 2])
def test_it_is_hugging_faces_adapter(count, layers):
    config = Wav2Vec2BertConfig(
        hidden_size=WIDTH,
        output_hidden_size=WIDTH,
        num_attention_heads=2,
        intermediate_size=16,
        num_adapter_layers=layers,
        adapter_kernel_size=3,
        adapter_stride=2,
        layerdrop=0.0,
    )
    theirs, ours = Wav2Vec2BertAdapter(config).eval(), convs(3, (2,) * layers)
    ours.load_state_dict(theirs.state_dict())
    given = states(1, count, WIDTH)
    found, _ = ours(given, torch.ones(1, count).long())
    assert torch.allclose(found, theirs(given), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("kernel, stride, same", [(3, 2, True), (5, 2, False), (3, 4, False)])
def test_hugging_faces_own_lengths_are_right_for_its_default_alone(kernel, stride, same):
    """Why the padding of the convolutions is set here: theirs pads by stride, counts by kernel."""
    config = Wav2Vec2BertConfig(
        hidden_size=WIDTH,
        output_hidden_size=WIDTH,
        num_attention_heads=2,
        intermediate_size=16,
        num_adapter_layers=1,
        adapter_kernel_size=kernel,
        adapter_stride=stride,
    )
    theirs = Wav2Vec2BertAdapter(config).eval()
    counts = torch.arange(kernel, 41)
    claimed = theirs._compute_sub_sample_lengths_from_attention_mask(counts)
    real = [theirs(states(1, int(count), WIDTH)).shape[1] for count in counts]
    assert (claimed.int().tolist() == real) is same


# ---- layers that are skipped: a defect of the released code ----


@torch.no_grad()
@pytest.mark.parametrize("layerdrop, wrong", [(0.0, range(1)), (0.1, range(20, 100))])
def test_lengths_and_states_agree_unless_layers_are_skipped(layerdrop, wrong):
    """In a fifth of the steps one of two layers, at least, is skipped: 0.19 of 300 is 57."""
    layers = convs(3, (2, 2), layerdrop).train()
    torch.manual_seed(7)
    found = 0
    for _ in range(300):
        out, mask = layers(states(1, 16, WIDTH), torch.ones(1, 16).long())
        assert mask.sum() == 4
        found += out.shape[1] != 4
    assert found in wrong


@torch.no_grad()
def test_no_layer_is_skipped_at_test():
    layers = convs(3, (2, 2), layerdrop=1.0)
    out, mask = layers(states(1, 16, WIDTH), torch.ones(1, 16).long())
    assert out.shape[1] == mask.sum() == 4
    skipped, mask = layers.train()(states(1, 16, WIDTH), torch.ones(1, 16).long())
    assert (skipped.shape[1], int(mask.sum())) == (16, 4)  # the first quarter of the audio


# ---- the whole bridge ----


@torch.no_grad()
@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_positions_of_a_compression(compression, before):
    made = bridge(StridedConvConfig(compression=compression, before_encoder=before))
    for frames in (16, 64, 96):  # of two filter bank frames each
        mask = torch.ones(1, frames).long()
        given, mask = made.before(states(1, frames, 160), mask)
        encoded = states(1, given.shape[1], WIDTH)  # the encoder keeps the number
        assert given.shape[1] == (frames // (compression // 2) if before else frames)
        found, mask = made(encoded, mask)
        assert found.shape == (1, frames // (compression // 2), 12)
        assert mask.sum() == found.shape[1]


@torch.no_grad()
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_before_the_encoder_a_clip_is_the_same_in_any_batch(compression):
    made = bridge(StridedConvConfig(compression=compression, before_encoder=True))
    lengths = [3, 17, 32]
    given, mask = states(3, 32, 160), lengths_mask(lengths)
    given[~mask.bool()] = 2.0
    found, real = made.before(given, mask)
    assert found.shape[-1] == 160
    for row, length in enumerate(lengths):
        alone, _ = made.before(given[row : row + 1, :length], mask[row : row + 1, :length])
        assert int(real[row].sum()) == alone.shape[1]
        assert torch.allclose(found[row, : alone.shape[1]], alone[0], atol=1e-5)


def test_before_the_encoder_the_states_are_projected_only():
    made = bridge(StridedConvConfig(before_encoder=True))
    given, mask = states(2, 9, WIDTH), lengths_mask([9, 4])
    found, found_mask = made(given, mask)
    assert torch.equal(found, made.projection(given))
    assert torch.equal(found_mask, mask)


def test_after_the_encoder_its_input_is_unchanged():
    made = bridge(StridedConvConfig())
    given, mask = states(2, 9, 160), lengths_mask([9, 4])
    found, found_mask = made.before(given, mask)
    assert found is given and found_mask is mask


@pytest.mark.parametrize(
    "compression, stack, strides",
    [
        (2, 2, (1, 1)),
        (4, 2, (1, 2)),
        (8, 2, (2, 2)),
        (16, 2, (2, 2, 2)),
        (8, 8, (1, 1)),
        (16, 4, (2, 2)),
        (2, 1, (1, 2)),
        (16, 1, (2, 2, 2, 2)),
    ],
)
def test_strides(compression, stack, strides):
    assert StridedConvConfig(compression=compression).strides(stack) == strides


@pytest.mark.parametrize(
    "compression, stack", [(3, 2), (32, 2), (0, 2), (2, 4), (8, 3), (6, 2), (1, 1), (4, 8)]
)
def test_a_compression_that_cannot_be_reached_is_refused(compression, stack):
    with pytest.raises(ValueError, match=f"compression {compression} cannot be reached from"):
        StridedConvConfig(compression=compression).strides(stack)


def test_the_error_names_the_compressions_that_can_be_reached():
    with pytest.raises(ValueError, match="use one of 4, 8, 16$"):
        StridedConvConfig(compression=2).strides(4)


def test_every_parameter_of_the_bridge_gets_a_gradient():
    for before, drop in itertools.product((False, True), (0.0,)):
        made = bridge(StridedConvConfig(before_encoder=before, layerdrop=drop))
        given, mask = made.before(states(2, 32, 160), lengths_mask([32, 20]))
        encoded = given[..., :WIDTH] if before else states(2, 32, WIDTH)
        found, mask = made(encoded, mask)
        weights = states(*found.shape, seed=3)
        (found * weights).sum().backward()
        missing = [n for n, p in made.named_parameters() if p.grad is None or not p.grad.any()]
        # before the encoder, the last layer's output reaches the loss through `leave`
        assert missing == []
