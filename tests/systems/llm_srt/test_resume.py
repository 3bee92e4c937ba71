"""What may not change a result of LLM-SRT: a kill, several processes, accumulated batches."""

import pickle
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from lib.workbook.paths import ROOT
from tests.systems.llm_srt.cases import elsewhere

pytestmark = pytest.mark.slow  # it trains and starts processes


def best(system):
    return load_file(system.folder / "best.safetensors")


def losses(system):
    return [row["loss"] for row in system.fit_result.history]


def test_a_curriculum_that_is_killed_in_its_last_stage_goes_on_as_if_it_had_not_been(
    llm_srt, tmp_path
):
    """The process dies in the middle of SRT, with bridge and adapters partly trained."""
    stage = replace(llm_srt.recipe.srt, updates=5, save_every_seconds=0.0, batch_seconds=12.0)
    recipe = replace(llm_srt.recipe, srt=stage)
    undisturbed = elsewhere(llm_srt, tmp_path / "one", recipe=recipe).train("srt")
    killed = elsewhere(llm_srt, tmp_path / "two", recipe=recipe)
    (tmp_path / "experiment.pickle").write_bytes(pickle.dumps(killed))
    command = [sys.executable, "-m", "tests.systems.llm_srt.cases"]
    done = subprocess.run([*command, tmp_path / "experiment.pickle", "srt", "3"], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    seen = []

    def remember(progress):
        seen.append((progress.stage, progress.update))

    again = replace(killed, callback=remember).train("srt")
    assert seen in ([("srt", n) for n in (4, 5)], [("srt", n) for n in (3, 4, 5)])
    assert losses(again) == losses(undisturbed)
    one, other = best(undisturbed), best(again)
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
    assert {name.split(".")[1] for name in one} == {"bridge", "language_model"}  # LoRA is inside


@pytest.mark.timeout(240)
def test_two_processes_learn_what_one_learns(llm_srt, tmp_path):
    stage = replace(llm_srt.recipe.asr, accumulate=2)
    recipe = replace(llm_srt.recipe, asr=stage)
    one, two = (
        elsewhere(llm_srt, tmp_path / str(n), recipe=recipe, processes=n).train("asr")
        for n in (1, 2)
    )
    assert losses(two) == pytest.approx(losses(one), rel=1e-4)
    gaps = [(tensor - best(two)[name]).abs().flatten() for name, tensor in best(one).items()]
    assert torch.cat(gaps).mean() < 1e-5


def test_accumulated_batches_are_one_batch(llm_srt, tmp_path):
    """All clips of three tasks, whose answers have other lengths: each token counts the same."""
    found = []
    for accumulate, items in ((1, 176), (4, 44)):
        stage = replace(
            llm_srt.recipe.srt,
            updates=1,
            accumulate=accumulate,
            batch_max_items=items,
            batch_seconds=999.0,
        )
        parts = {name: replace(stage, name=name, updates=1) for name in ("asr", "smt", "srt")}
        recipe = replace(llm_srt.recipe, **parts)
        system = elsewhere(llm_srt, tmp_path / str(items), recipe=recipe).train("parallel")
        found.append(losses(system)[0])
    assert found[1] == pytest.approx(found[0], rel=1e-4)
