from dataclasses import dataclass

import pytest
import torch

from lib.scales import SCALES, THREADS, preset, scaled, scaled_fields, set_threads


@dataclass
class Recipe:
    updates: int = scaled("number of updates")
    seed: int = 1


def test_scaled_fields_are_those_declared_so():
    assert scaled_fields(Recipe) == {"updates"}


def test_a_preset_is_found_by_its_scale():
    assert preset({scale: scale.upper() for scale in SCALES}, "lab") == "LAB"


def test_an_unknown_scale_is_refused():
    with pytest.raises(ValueError, match="unknown scale 'huge'; use one of smoke, tiny, lab, full"):
        preset({}, "huge")


@pytest.mark.parametrize("scale", THREADS)
def test_torch_gets_the_threads_of_the_scale(scale):
    before = torch.get_num_threads()
    try:
        set_threads(scale)
        assert torch.get_num_threads() == THREADS[scale]
    finally:
        torch.set_num_threads(before)
