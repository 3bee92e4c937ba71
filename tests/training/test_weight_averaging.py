import pytest
import torch
from torch import nn

from lib.training.weight_averaging import MovingAverage, mean_of_files
from lib.training.weights import save_tensors


@pytest.fixture
def module():
    module = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(module.weight)
    return module


def test_moving_average_decays(module):
    average = MovingAverage(module, 0.5)
    nn.init.ones_(module.weight)
    average.update(1000)
    average.update(1001)
    assert average.weights["weight"].item() == pytest.approx(0.75)


def test_the_first_updates_decay_faster(module):
    average = MovingAverage(module, 0.999)
    nn.init.ones_(module.weight)
    average.update(1)
    assert average.weights["weight"].item() == pytest.approx(1 - 2 / 11)


@pytest.fixture
def average(module):
    """An average of 0 of a module with weight 1."""
    average = MovingAverage(module, 0.5)
    nn.init.ones_(module.weight)
    return average


def test_the_module_has_the_average_inside_the_block(module, average):
    with average.applied():
        assert module.weight.item() == 0


def test_the_module_has_its_own_weights_after_an_error(module, average):
    with pytest.raises(RuntimeError):
        with average.applied():
            raise RuntimeError
    assert module.weight.item() == 1


def test_frozen_weights_are_not_averaged():
    module = nn.Linear(1, 1)
    module.bias.requires_grad_(False)
    assert set(MovingAverage(module, 0.5).weights) == {"weight"}


def test_mean_of_files(tmp_path):
    paths = [tmp_path / f"{value}.safetensors" for value in (1, 2, 6)]
    for path in paths:
        save_tensors({"weight": torch.tensor([float(path.stem)])}, path)
    assert mean_of_files(paths)["weight"].item() == 3
