"""Several processes: what they learn together is what one learns alone, and none is left behind when one dies."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from lib.data.store import ExampleStore
from lib.files import read_json
from lib.tasks import Task, examples
from lib.training.launch import RankDied, launch
from lib.training.log import read_listening, read_rows
from tests.training.cases import STAGE, train

CASE = "tests.training.cases:train"


@pytest.fixture
def chosen(corpus):
    return examples(corpus.split("train", "est"), Task.ST, "eng") + examples(corpus.split("train", "est"), Task.MT, "eng")


@pytest.mark.slow
@pytest.mark.parametrize("shard", [False, True], ids=["each holds all", "each holds a part"])
def test_two_processes_learn_what_one_learns(tokenizer_folder, chosen, tmp_path, shard):
    ticks = []
    chosen = [example for example in chosen if example.task.hears or not shard]
    call = {"tokenizer_folder": tokenizer_folder, "chosen": chosen, "decodes": True}
    call["stage"] = replace(STAGE, shard=shard, save_every=0.0, evaluate_every=3, ema=0.5)
    launch(CASE, call | {"folder": tmp_path / "two"}, 2, tmp_path / "two", watch=ticks.append)
    call["stage"] = replace(call["stage"], shard=False)
    one, _ = train(**call, folder=tmp_path / "one", watch=lambda tick: None)
    two, objective = train(**call, folder=tmp_path / "two", watch=lambda tick: None)  # finds it done
    assert [row["loss"] for row in two.history] == pytest.approx([row["loss"] for row in one.history], rel=1e-4)
    assert [row["gradient_norm"] for row in two.history] == pytest.approx([r["gradient_norm"] for r in one.history], rel=1e-3)
    assert [h.hypothesis for h in read_listening(tmp_path / "two")] == [h.hypothesis for h in read_listening(tmp_path / "one")]
    assert two.best == pytest.approx(one.best, abs=1e-3)
    weights = [load_file(tmp_path / name / "best.safetensors") for name in ("one", "two")]
    score_gap = torch.cat([(weights[0][name] - weights[1][name]).abs().flatten() for name in weights[0]])
    # Adam makes a whole step of a gradient that is all but zero, whichever way its rounding points
    assert score_gap.mean() < 1e-5 and score_gap.max() < STAGE.updates * STAGE.learning_rate
    assert ticks[-1].update == STAGE.updates and not objective.training


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dies", "said"), [("raises", "process 1 failed: OSError: the GPU fell off"), ("killed", "process 1 was killed by SIGKILL")]
)
def test_when_one_dies_all_stop_with_its_message(tokenizer_folder, chosen, tmp_path, dies, said):
    call = {"tokenizer_folder": tokenizer_folder, "chosen": chosen, "folder": tmp_path, "dies": dies}
    with pytest.raises(RankDied, match=said):
        launch(CASE, call, 2, tmp_path)
    left = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True, check=False).stdout
    assert not left, f"still running: {left}"


@pytest.mark.slow
def test_an_update_that_cannot_be_shared_out_is_refused_with_the_remedy(tokenizer_folder, chosen, tmp_path):
    call = {"tokenizer_folder": tokenizer_folder, "chosen": chosen, "folder": tmp_path, "stage": replace(STAGE, accumulate=1)}
    with pytest.raises(RankDied, match=r"use stage.split\(2\)"):
        launch(CASE, call, 2, tmp_path)


@pytest.mark.slow
def test_told_to_stop_it_saves_where_it_stands_and_goes_on_as_if_nothing_had_been(tokenizer_folder, chosen, tmp_path):
    listing, sends = ExampleStore.write(tmp_path / "list", chosen), tmp_path / "update"

    def start(folder):
        words = [sys.executable, "-m", "tests.training.cases", tokenizer_folder, listing.folder, tmp_path / folder, sends, 12]
        return subprocess.Popen([str(word) for word in words], env=os.environ | {"OMP_NUM_THREADS": "1"})

    child = start("a")
    while not sends.exists() or int(sends.read_text() or 0) < 3:
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGTERM)
    assert child.wait(60) == -signal.SIGTERM  # it ends as it was asked to
    assert 3 <= read_json(tmp_path / "a" / "checkpoint" / "state.json")["update"] < 12
    for folder in ("a", "b"):
        assert start(folder).wait(120) == 0
    rows = [[row["loss"] for row in read_rows(tmp_path / folder / "training.csv")] for folder in ("a", "b")]
    assert len(rows[0]) == 12 and rows[0] == rows[1]
    assert (tmp_path / "a" / "best.safetensors").read_bytes() == (tmp_path / "b" / "best.safetensors").read_bytes()
