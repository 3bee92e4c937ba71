"""Memory and arithmetic from shapes alone, held against torch's own tracker and by hand."""

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker

from lib.data.batch import Batch
from lib.training.footprint import DryRun, footprint
from lib.training.objectives import TokenLoss
from lib.training.stages import Stage

WIDTH, ROWS = 64, 32


class Small(nn.Module):
    """Two layers with a nonlinearity that keeps its input."""

    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH)
        )

    def forward(self, batch):
        count = int((batch.labels > 0).sum())  # real integers in a dry run
        return TokenLoss(self.model(batch.speech).square().sum(), count)


def batch(_objective):
    labels = torch.ones(ROWS, 1, dtype=torch.long)
    return Batch(
        examples=[],
        prefix=labels,
        labels=labels,
        prompt_lengths=[],
        speech=torch.randn(ROWS, 1, WIDTH),
        speech_mask=labels,
    )


def stage(**changes):
    return Stage(name="small", updates=1, learning_rate=1e-3, warmup_updates=0, **changes)


def test_arithmetic_is_three_products_of_each_layer_but_one():
    """Forward, and the gradients of weights and input; of the first layer's input none is asked."""
    found = footprint(Small, batch, stage())
    assert found.operations == 2 * ROWS * 4 * WIDTH**2 * (2 + 3)


def test_parameters_and_what_is_kept_for_them():
    found = footprint(Small, batch, stage(frozen=(r"model\.0\.",), ema=0.99))
    first, second = WIDTH * 4 * WIDTH + 4 * WIDTH, 4 * WIDTH * WIDTH + WIDTH
    assert (found.parameters, found.trained) == (first + second, second)
    assert found.weights_bytes == 4 * (first + second)
    assert found.gradients_bytes == 4 * second
    assert found.optimizer_bytes == 12 * second  # two moments and an average
    assert found.bytes > found.sharded(8) > found.activations_bytes


def test_activations_are_those_of_torchs_tracker():
    ours = footprint(Small, batch, stage())
    tracker = MemTracker()
    with FakeTensorMode(), tracker:
        model = nn.Sequential(*Small().model)
        given = torch.randn(ROWS, WIDTH)
        tracker.track_external(model, given)
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        before = tracker.get_tracker_snapshot()[torch.device("cpu")]["Total"]
        model(given).square().sum().backward()
    peak = tracker.get_tracker_snapshot("peak")[torch.device("cpu")]["Total"]
    assert ours.activations_bytes == pytest.approx(peak - before, rel=0.05)


def test_nothing_is_allocated_for_a_model_larger_than_any_machine():
    with DryRun() as dry:
        large = nn.Linear(2_000_000, 2_000_000)
        assert dry.bytes == 4 * (2_000_000**2 + 2_000_000)
        assert large(torch.zeros(1, 2_000_000)).shape == (1, 2_000_000)


def test_memory_that_is_given_back_is_not_counted():
    with DryRun() as dry:
        made = torch.zeros(1000)
        del made
        assert (dry.bytes, dry.peak) == (0, 4000)


def test_masks_are_real():
    with DryRun():
        mask = torch.ones(2, 5, dtype=torch.long)
        mask[1, 3:] = 0
        states = torch.randn(2, 5, 4)
        assert states[mask.bool()].shape == (8, 4)
        assert int(mask.sum(1).max()) == 5


def test_modules_move_again_afterwards():
    before = nn.Module._apply
    with pytest.raises(ZeroDivisionError), DryRun():
        raise ZeroDivisionError
    assert nn.Module._apply is before
