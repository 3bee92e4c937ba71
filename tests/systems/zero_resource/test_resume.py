"""What may not change a result: a kill, several processes, other batches of a test set."""

import pickle
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from lib.workbook.paths import ROOT
from tests.systems.zero_resource.cases import elsewhere

pytestmark = pytest.mark.slow  # it trains and starts processes


def best(system):
    return load_file(system.folder / "best.safetensors")


def losses(system):
    return [row["loss"] for row in system.fit_result.history]


def test_a_training_that_is_killed_goes_on_as_if_it_had_not_been(zero_resource, tmp_path):
    """The process dies in the middle of the second stage, with adapter and LoRA partly trained."""
    stage = replace(
        zero_resource.recipe.joint, updates=5, save_every_seconds=0.0, batch_seconds=12.0
    )
    recipe = replace(zero_resource.recipe, joint=stage)
    undisturbed = elsewhere(zero_resource, tmp_path / "one", recipe=recipe).train("multi-task")
    killed = elsewhere(zero_resource, tmp_path / "two", recipe=recipe)
    (tmp_path / "experiment.pickle").write_bytes(pickle.dumps(killed))
    command = [sys.executable, "-m", "tests.systems.zero_resource.cases"]
    given = [tmp_path / "experiment.pickle", "multi-task", "3"]
    done = subprocess.run([*command, *given], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    again = killed.train("multi-task")
    assert losses(again) == losses(undisturbed)
    one, other = best(undisturbed), best(again)
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.mark.timeout(240)
def test_two_processes_learn_what_one_learns(zero_resource, tmp_path):
    stage = replace(zero_resource.recipe.adapter, accumulate=2)
    recipe = replace(zero_resource.recipe, adapter=stage)
    one, two = (
        elsewhere(zero_resource, tmp_path / str(n), recipe=recipe, processes=n).train("adapter")
        for n in (1, 2)
    )
    assert losses(two) == pytest.approx(losses(one), rel=1e-4)
    gaps = [(tensor - best(two)[name]).abs().flatten() for name, tensor in best(one).items()]
    assert torch.cat(gaps).mean() < 1e-5
