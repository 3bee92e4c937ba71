"""A part of what `python -m tests.stress` does."""

import random

import pytest

from tests.stress import headless, kills

pytestmark = pytest.mark.slow


@pytest.mark.timeout(900)
def test_a_hundred_headless_runs_with_sound_and_widgets_end(tmp_path):
    assert headless.run_many(tmp_path, 100) == []


def test_a_training_that_is_killed_has_the_weights_of_one_that_is_not(tmp_path):
    undisturbed, _ = kills.train(tmp_path / "undisturbed", 0, random.Random(0))
    found, killed = kills.train(tmp_path / "killed", 3, random.Random(1))
    assert (found, killed) == (undisturbed, 3)


def test_runs_whose_runner_is_killed_have_the_scores_of_ones_that_are_not(tmp_path):
    undisturbed, _ = kills.run(tmp_path / "undisturbed", 0, random.Random(0))
    found, killed = kills.run(tmp_path / "killed", 2, random.Random(1))
    assert killed == 2
    assert found.equals(undisturbed)
