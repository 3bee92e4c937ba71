"""A part of what `python -m tests.stress` does."""

import random

import pytest

from tests.stress import headless, kills

pytestmark = pytest.mark.slow


@pytest.mark.timeout(900)
def test_a_hundred_headless_runs_with_sound_and_widgets_end(tmp_path):
    assert headless.run_many(tmp_path, 100) == []


@pytest.mark.parametrize(("act", "kills"), [(kills.train, 3), (kills.run, 2)])
def test_what_is_killed_and_called_again_makes_what_it_makes_undisturbed(tmp_path, act, kills):
    undisturbed = act(tmp_path / "undisturbed", random.Random(0))
    ended = act(tmp_path / "killed", random.Random(1), kills, undisturbed.seconds)
    assert (ended.made, ended.kills) == (undisturbed.made, kills)
