"""Frame stacking: groups of states, the last of which may be incomplete."""

import pytest
import torch

from lib.data.batch import lengths_mask
from lib.models.bridges.build import build_bridge
from lib.models.bridges.frame_stacking import FrameStacking, FrameStackingConfig
from tests.models.bridges.cases import LARGE, OUTPUT, SMALL, WIDTH, build, ones, parameters, states

GROUP = 5  # states of 20 ms: a position every 100 ms
CONFIG = FrameStackingConfig(compression=2 * GROUP, hidden=16)


def test_parameters_of_slam_asr():
    """Five states of 1280 numbers to 2048, then to the language model's width."""
    with torch.device("meta"):
        made = build_bridge(FrameStackingConfig(), LARGE, 4096)
    assert parameters(made) == (5 * 1280 + 1) * 2048 + (2048 + 1) * 4096


@torch.no_grad()
@pytest.mark.parametrize("count", range(1, 12))
def test_each_group_begun_is_a_position(count):
    found, mask = build(CONFIG)(states(1, count, WIDTH), ones(1, count))
    positions = (count + GROUP - 1) // GROUP
    assert found.shape == (1, positions, OUTPUT)
    assert mask.tolist() == [[1] * positions]


@torch.no_grad()
def test_a_position_is_its_states_side_by_side():
    made, given = build(CONFIG), states(1, 2 * GROUP, WIDTH)
    found, _ = made(given, ones(1, 2 * GROUP))
    for index, group in enumerate(given[0].split(GROUP)):
        assert torch.allclose(found[0, index], made.layers(group.flatten()), atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("rest", range(1, GROUP))
def test_an_incomplete_last_group_is_filled_up_with_zeros(rest):
    made, given = build(CONFIG), states(1, GROUP + rest, WIDTH)
    found, _ = made(given, ones(1, GROUP + rest))
    filled = torch.cat([given[0, GROUP:], torch.zeros(GROUP - rest, WIDTH)])
    assert torch.allclose(found[0, 1], made.layers(filled.flatten()), atol=1e-6)


@torch.no_grad()
def test_positions_do_not_depend_on_the_batch_nor_on_what_padding_holds():
    made, lengths = build(CONFIG), [23, 1, 5, 6, 14]
    given, mask = states(len(lengths), max(lengths), WIDTH), lengths_mask(lengths)
    given[~mask.bool()] = 7.0
    together, real = made(given, mask)
    for row, length in enumerate(lengths):
        alone, _ = made(given[row : row + 1, :length], ones(1, length))
        assert int(real[row].sum()) == alone.shape[1]
        assert torch.allclose(together[row, : alone.shape[1]], alone[0], atol=1e-6)


@torch.no_grad()
def test_a_state_changes_its_own_position_alone():
    made, given = build(CONFIG), states(1, 3 * GROUP, WIDTH)
    plain, mask = made(given, ones(1, 3 * GROUP))
    changed = given.clone()
    changed[0, GROUP] += 1.0
    moved = (made(changed, ones(1, 3 * GROUP))[0] - plain).abs().amax(-1)[0] > 1e-6
    assert moved.tolist() == [False, True, False]


@pytest.mark.parametrize("compression", [0, 1, 3, 7])
def test_a_compression_that_is_no_multiple_of_a_state_is_refused(compression):
    with pytest.raises(ValueError, match=f"compression {compression} is no multiple of 2"):
        FrameStacking(FrameStackingConfig(compression=compression), SMALL, OUTPUT)


def test_every_parameter_gets_a_gradient():
    made = build(CONFIG)
    found, _ = made(states(2, 16, WIDTH), lengths_mask([16, 7]))
    (found * states(*found.shape, seed=3)).sum().backward()
    assert [n for n, p in made.named_parameters() if p.grad is None or not p.grad.any()] == []
