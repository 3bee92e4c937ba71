"""All systems at `smoke`, built once, and one grid of them on short clips."""

from dataclasses import replace

import pytest

from lib.systems.speed import grid, systems
from lib.systems.speed.parts import Parts
from lib.systems.speed.sizes import PRESETS

SIZES = replace(PRESETS["smoke"], clip_seconds=(1.0, 2.0, 3.0), tokens_per_second=2.0)


@pytest.fixture(scope="session")
def parts():
    return Parts(SIZES)


@pytest.fixture(scope="session")
def built(parts):
    return systems.build_systems(parts)


@pytest.fixture(scope="session")
def timings(built):
    return grid.time_all(built, replace(SIZES, repetitions=2))
