"""IT-IST at `smoke`: what each stage trains, what it starts from, and what may not change it."""

import pickle
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from lib.data.collate import Collator
from lib.decoding import decode
from lib.files import read_json
from lib.models.protocol import Search
from lib.systems.it_ist.experiment import open_experiment, text_outputs
from lib.systems.it_ist.strategies import STRATEGIES
from lib.systems.load import load_system
from lib.training.log import read_signals
from lib.workbook.paths import ROOT
from tests.systems.it_ist.cases import elsewhere

pytestmark = pytest.mark.slow  # it trains, or starts processes


def part(model, name):
    return {n: t for n, t in model.state_dict().items() if n.startswith(f"{name}.")}


def equal(one, other, name):
    """Whether a part of two models is equal to the bit."""
    a, b = part(one, name), part(other, name)
    assert a and a.keys() == b.keys()
    return all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_strategy_trains(it_ist_trained, name):
    system = it_ist_trained(name)
    assert system.fit_result.updates == (4 if name == "joint" else 2)
    assert (system.folder / "system.json").exists()


@pytest.mark.parametrize("name, count", [("align", 18), ("instruct", 60), ("joint", 60)])
def test_outputs_of_each_task(it_ist, it_ist_trained, name, count):
    rows = it_ist.outputs(it_ist_trained(name))
    assert len(rows) == count
    assert {row.task for row in rows} == {t.name for t in STRATEGIES[name].tasks}


# ---- which part each stage trains ----


@pytest.mark.parametrize(
    "name, trained",
    [
        ("align", {"bridge", "tags"}),
        ("align, tags untrained", {"bridge"}),
        ("align, bidirectional", {"bridge", "tags"}),
        ("joint", {"bridge", "tags", "encoder", "language_model"}),
    ],
)
def test_parts_that_a_stage_changes(it_ist_trained, untrained, name, trained):
    model = it_ist_trained(name).model
    parts = ("bridge", "tags", "encoder", "language_model")
    assert {own for own in parts if not equal(model, untrained, own)} == trained


def test_an_untrained_projection_stays_as_it_was_drawn(it_ist_trained, untrained):
    found = it_ist_trained("align, projection untrained").model.bridge
    assert torch.equal(found.projection.weight, untrained.bridge.projection.weight)
    assert not equal(found, untrained.bridge, "convs")


def test_instruction_starts_from_the_aligned_weights(it_ist, it_ist_trained):
    start, aligned = it_ist.start(it_ist.strategy("instruct")), it_ist_trained("align").model
    for name in ("bridge", "tags", "encoder", "language_model"):
        assert equal(start, aligned, name)


def test_instruction_changes_every_part(it_ist_trained):
    aligned, model = (it_ist_trained(name).model for name in ("align", "instruct"))
    for name in ("bridge", "tags", "encoder", "language_model"):
        assert not equal(model, aligned, name)


def test_signals_are_logged_at_each_evaluation(it_ist_trained):
    rows = read_signals(it_ist_trained("align").folder)
    assert [row["update"] for row in rows] == [1, 2]
    names = {"update", "empty_outputs", "error_rate", "first_token_loss", "cosine"}
    assert all(names <= row.keys() for row in rows)


# ---- a trained system in use ----


@pytest.mark.parametrize("name", ["align", "instruct", "align, bidirectional", "align, 16x"])
def test_a_loaded_system_writes_what_the_trained_one_writes(it_ist, it_ist_trained, name):
    system = it_ist_trained(name)
    loaded = load_system(system.folder)
    own, other = system.model.state_dict(), loaded.model.state_dict()
    assert [key for key in own if not torch.equal(own[key], other[key])] == []
    test, search = it_ist.test_examples(system)[:8], Search(beams=2, max_new_tokens=6)
    found = [
        decode(m, test, Collator(m, m.feature_extractor(30.0)), search)
        for m in (system.model, loaded.model)
    ]
    assert found[0] == found[1]
    assert loaded.model.attention == STRATEGIES[name].attention


def test_a_loaded_system_reads_audio_files(it_ist, it_ist_trained):
    loaded = load_system(it_ist_trained("align").folder)
    utterance = it_ist.corpus.split("test", "eng")[0]
    (found,) = loaded.translate([utterance.sound], source="eng", target="deu")
    assert found.error == ""
    assert len(found.segments) == 1


def test_what_the_language_model_still_writes_from_text(it_ist, it_ist_trained):
    rows = text_outputs(it_ist, it_ist_trained("align"))
    assert {row.task for row in rows} == {"MT", "QA"}
    assert len(rows) == 4 * 6 + 3 * 6


def test_what_training_left_out_is_written(it_ist_trained):
    found = read_json(it_ist_trained("instruct, seconds by 60").folder / "dropped-0.json")
    assert found["training_clips_dropped_as_too_long"]
    assert found["training_clips_dropped_as_too_short"] == []


def test_what_training_left_out_is_counted(it_ist_trained):
    counts = it_ist_trained("instruct, seconds by 60").dropped_counts
    assert counts["training_clips_dropped_as_too_long"] > 0


# ---- what may not change a result ----


def test_a_killed_training_goes_on_as_if_it_had_not_been(it_ist, tmp_path):
    """The process is killed in the middle, with the encoder's states partly on disk."""
    stage = replace(it_ist.recipe.align, updates=5, save_every_seconds=0.0, batch_seconds=12.0)
    recipe = replace(it_ist.recipe, align=stage)
    undisturbed = elsewhere(it_ist, tmp_path / "one", recipe=recipe).train("align")
    killed = elsewhere(it_ist, tmp_path / "two", recipe=recipe)
    (tmp_path / "experiment.pickle").write_bytes(pickle.dumps(killed))
    command = [sys.executable, "-m", "tests.systems.it_ist.cases"]
    done = subprocess.run([*command, tmp_path / "experiment.pickle", "align", "3"], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    seen = []
    again = replace(killed, callback=lambda progress: seen.append(progress.update)).train("align")
    assert seen == [4, 5] or seen == [3, 4, 5]
    losses = [[row["loss"] for row in s.fit_result.history] for s in (undisturbed, again)]
    assert losses[0] == losses[1]
    one, other = (load_file(s.folder / "best.safetensors") for s in (undisturbed, again))
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.mark.timeout(240)
def test_two_processes_learn_what_one_learns(it_ist, tmp_path):
    two = elsewhere(it_ist, tmp_path / "two", processes=2)
    one = elsewhere(it_ist, tmp_path / "one", recipe=two.recipe)
    assert one.recipe.joint.accumulate == 2
    found = [experiment.train("joint") for experiment in (one, two)]
    losses = [[row["loss"] for row in s.fit_result.history] for s in found]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    weights = [load_file(s.folder / "best.safetensors") for s in found]
    gaps = [(weights[0][n] - weights[1][n]).abs().flatten() for n in weights[0]]
    assert torch.cat(gaps).mean() < 1e-5


def test_accumulated_batches_are_one_batch(it_ist, tmp_path):
    """The sum over both batches is divided by the tokens of both."""
    losses = []
    for accumulate, items in ((1, 24), (4, 6)):
        stage = replace(
            it_ist.recipe.align,
            updates=1,
            accumulate=accumulate,
            batch_max_items=items,
            batch_seconds=999.0,
        )
        recipe = replace(it_ist.recipe, align=stage)
        system = elsewhere(it_ist, tmp_path / str(items), recipe=recipe).train("align")
        losses.append(system.fit_result.history[0]["loss"])
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


# ---- opening ----


def test_no_process_is_refused(it_ist):
    with pytest.raises(ValueError, match="processes is 0"):
        open_experiment("smoke", 1, it_ist.cache, processes=0)


@pytest.mark.parametrize(
    "name, message",
    [("qwen2.5-0.5b", "is for scale full; smaller"), ("qwen9", "unknown language model 'qwen9'")],
)
def test_language_models_of_the_hub_are_for_full(it_ist, name, message):
    with pytest.raises(ValueError, match=message):
        open_experiment("smoke", 1, it_ist.cache, language_model=name)
