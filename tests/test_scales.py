from dataclasses import dataclass

import pytest

from lib.scales import SCALES, preset, scaled, scaled_fields


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
