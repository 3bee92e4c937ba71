"""Q-Former: the published sizes, positions of the speech and of its windows, and padding."""

from dataclasses import replace

import pytest
import torch

from lib.data.batch import lengths_mask
from lib.models.bridges.q_former import QFormer, QFormerConfig
from tests.models.bridges.cases import LARGE, OUTPUT, WIDTH, build, ones, parameters, states

TINY = QFormerConfig(queries=3, layers=4, width=16, heads=2, feed_forward=32)
WINDOWED = replace(TINY, window=5)
KINDS = {
    "all": TINY,
    "windows": WINDOWED,
    "in order": replace(TINY, in_order=True),
    "windows in order": replace(WINDOWED, in_order=True),
}
QUERIES = TINY.queries


def published(output_width):
    with torch.device("meta"):
        return QFormer(QFormerConfig(), LARGE, output_width)


# ---- the published sizes, of 2409.19510 ----


@pytest.mark.parametrize("width, millions", [(2048, 73.7), (3584, 80.5), (5120, 84.5)])
def test_parameters_with_the_head_of_a_language_model(width, millions):
    assert parameters(published(width)) / 1e6 == pytest.approx(millions, abs=0.05)


@pytest.mark.parametrize("width", [2048, 5120])
def test_parameters_with_the_queries_alone(width):
    made = published(width)
    assert (parameters(made) - parameters(made.head)) / 1e6 == pytest.approx(69.37, abs=0.005)


def test_every_second_layer_attends_to_the_speech():
    layers = published(2048).model.encoder.layer
    assert len(layers) == 8
    assert [i for i, layer in enumerate(layers) if hasattr(layer, "crossattention")] == [0, 2, 4, 6]


@pytest.mark.parametrize("width, hidden", [(2048, 1536), (3584, 2560), (5120, 2560)])
def test_the_hidden_layer_of_the_published_head(width, hidden):
    head = published(width).head
    assert [tuple(layer.weight.shape) for layer in head if isinstance(layer, torch.nn.Linear)] == [
        (hidden, 768),
        (width, hidden),
    ]
    assert isinstance(head[-1], torch.nn.LayerNorm)


def test_queries_are_drawn_from_a_standard_normal_distribution():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        drawn = QFormer(replace(TINY, queries=80, width=64), LARGE, OUTPUT).queries
    assert drawn.shape == (80, 64)
    assert drawn.std().item() == pytest.approx(1.0, abs=0.05)
    assert drawn.mean().item() == pytest.approx(0.0, abs=0.05)


# ---- positions ----


@torch.no_grad()
@pytest.mark.parametrize("count", [1, 79, 80, 1500])
def test_eighty_positions_however_long_the_speech(count):
    made = build(replace(TINY, queries=QFormerConfig().queries))
    found, mask = made(states(1, count, WIDTH), ones(1, count))
    assert found.shape == (1, 80, OUTPUT)
    assert mask.tolist() == [[1] * 80]


@torch.no_grad()
@pytest.mark.parametrize("config", KINDS.values(), ids=KINDS)
def test_positions_do_not_depend_on_the_batch_nor_on_what_padding_holds(config):
    made, lengths = build(config), [23, 1, 5, 6, 14]
    given, mask = states(len(lengths), max(lengths), WIDTH), lengths_mask(lengths)
    given[~mask.bool()] = 7.0
    together, real = made(given, mask)
    for row, length in enumerate(lengths):
        alone, own = made(given[row : row + 1, :length], ones(1, length))
        assert own.all() and int(real[row].sum()) == alone.shape[1]
        assert torch.allclose(together[row, : alone.shape[1]], alone[0], atol=1e-5)


@torch.no_grad()
def test_all_states_are_seen():
    made, given = build(TINY), states(1, 30, WIDTH)
    plain, _ = made(given, ones(1, 30))
    for index in (0, 13, 29):
        changed = given.clone()
        changed[0, index] += 1.0
        found, _ = made(changed, ones(1, 30))
        assert not torch.allclose(found, plain, atol=1e-4)


# ---- windows ----


@torch.no_grad()
@pytest.mark.parametrize("count, windows", [(1, 1), (4, 1), (5, 1), (6, 2), (10, 2), (11, 3)])
def test_each_window_begun_has_positions_of_its_own(count, windows):
    found, mask = build(WINDOWED)(states(1, count, WIDTH), ones(1, count))
    assert found.shape == (1, windows * QUERIES, OUTPUT)
    assert mask.tolist() == [[1] * windows * QUERIES]


@torch.no_grad()
def test_windows_of_padding_are_not_real():
    lengths, windows = [17, 4, 5, 6, 10], [4, 1, 1, 2, 2]
    _, mask = build(WINDOWED)(states(5, 17, WIDTH), lengths_mask(lengths))
    assert torch.equal(mask, lengths_mask([count * QUERIES for count in windows]))


@torch.no_grad()
@pytest.mark.parametrize("index", [0, 4, 5, 12, 15])
def test_a_window_sees_its_own_states_alone(index):
    """The last window is incomplete."""
    made, given = build(WINDOWED), states(1, 16, WIDTH)
    plain, mask = made(given, ones(1, 16))
    changed = given.clone()
    changed[0, index] += 1.0
    difference = (made(changed, ones(1, 16))[0] - plain).abs().amax(-1)[0]
    moved = difference.reshape(-1, QUERIES) > 1e-5
    assert moved.all(1).tolist() == moved.any(1).tolist()
    assert moved.any(1).nonzero().tolist() == [[index // 5]]


@torch.no_grad()
def test_a_window_as_long_as_the_speech_is_none():
    given = states(1, 9, WIDTH)
    one, other = (build(replace(TINY, window=w))(given, ones(1, 9))[0] for w in (0, 9))
    assert torch.equal(one, other)


# ---- training ----


@pytest.mark.parametrize("config", KINDS.values(), ids=KINDS)
def test_every_parameter_gets_a_gradient(config):
    made = build(config).train()
    found, _ = made(states(2, 16, WIDTH), lengths_mask([16, 7]))
    (found * states(*found.shape, seed=3)).sum().backward()
    unused = [n for n, p in made.named_parameters() if p.grad is None or not p.grad.any()]
    # a bias of keys adds the same number to all scores of a softmax
    assert [name for name in unused if not name.endswith("key.bias")] == []


def test_dropout_is_drawn_in_train_mode_alone():
    made, given, mask = build(TINY), states(1, 9, WIDTH), ones(1, 9)
    for training in (True, False):
        made.train(training)
        one, other = (made(given, mask)[0] for _ in range(2))
        assert torch.equal(one, other) is not training


@torch.no_grad()
def test_bfloat16_is_near_float32():
    made, given, mask = build(TINY), states(2, 16, WIDTH), lengths_mask([16, 7])
    exact, _ = made(given, mask)
    with torch.autocast("cpu", torch.bfloat16):
        found, _ = made(given, mask)
    assert (found.float() - exact).abs().mean() < 0.1 * exact.abs().mean()
