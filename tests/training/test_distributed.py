"""Processes that train together: what they learn is what one process learns."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from lib.files import read_json
from lib.tasks import MT, examples
from lib.training.distributed import Ranks
from lib.training.launch import launch
from lib.training.log import read_listening
from tests.training.cases import STAGE, fit_from_folder, one_update, token_batches


@pytest.fixture
def two():
    """The view of process 1 of two, without the other."""
    ranks = Ranks("cpu")
    ranks.rank, ranks.world_size, ranks.is_main = 1, 2, False
    return ranks


def test_every_second_batch_is_process_ones_own(two):
    assert list(two.own_draws(["a", "b", "c", "d"])) == ["b", "d"]


def test_an_uneven_number_of_batches_is_refused_with_the_remedy(two):
    with pytest.raises(ValueError, match=r"accumulate=3.*use stage.split_batches\(2\)"):
        two.check_accumulate("direct", 3)


def test_an_even_number_of_batches_is_accepted(two):
    assert two.check_accumulate("direct", 4) is None


def test_each_process_has_random_numbers_of_its_own(two):
    two.seed_everything(1)
    of_two = torch.rand(3)
    Ranks("cpu").seed_everything(1)
    assert not torch.equal(torch.rand(3), of_two)


def test_a_restored_state_gives_the_same_random_numbers():
    ranks = Ranks("cpu")
    states, drawn = ranks.rng_states(), torch.rand(3)
    ranks.restore_rng_state(states)
    assert torch.equal(torch.rand(3), drawn)


def test_a_process_that_is_new_keeps_its_state(two):
    two.restore_rng_state(Ranks("cpu").rng_states())
    before = torch.get_rng_state()
    two.restore_rng_state({"torch-0": torch.get_rng_state()})
    assert torch.equal(torch.get_rng_state(), before)


def test_one_process_alone_needs_no_wrapping():
    module = torch.nn.Linear(1, 1)
    assert Ranks("cpu").wrap(module) is module


# ---- two real processes: means of losses, against one process ----


@pytest.fixture(scope="module")
def averaged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("averaged")
    launch("tests.training.cases:average_losses", {"folder": str(folder)}, 2, folder)
    return folder


@pytest.fixture(params=["token", "batch", "sentence"])
def loss_mean(request):
    return request.param


@pytest.mark.slow
def test_the_loss_is_that_of_one_process(averaged, loss_mean):
    step, _ = one_update(loss_mean, Ranks("cpu"), token_batches())
    found = read_json(averaged / f"all-{loss_mean}.json")
    assert found["loss"] == pytest.approx(step.loss, rel=1e-12)


@pytest.mark.slow
def test_the_gradient_is_that_of_one_process(averaged, loss_mean):
    _, gradient = one_update(loss_mean, Ranks("cpu"), token_batches())
    found = read_json(averaged / f"all-{loss_mean}.json")
    assert found["gradient"] == pytest.approx(gradient.tolist(), rel=1e-12)


@pytest.mark.slow
def test_a_stand_in_has_no_weight(averaged, loss_mean):
    _, gradient = one_update(loss_mean, Ranks("cpu"), token_batches()[:3])
    found = read_json(averaged / f"unusable-{loss_mean}.json")
    assert found["gradient"] == pytest.approx(gradient.tolist(), rel=1e-12)


@pytest.mark.slow
def test_tokens_of_a_stand_in_do_not_count(averaged, loss_mean):
    step, _ = one_update(loss_mean, Ranks("cpu"), token_batches()[:3])
    assert read_json(averaged / f"unusable-{loss_mean}.json")["tokens"] == step.tokens


# ---- two real processes: whole trainings, against one process ----


@pytest.fixture(scope="module", params=[False, True], ids=["DDP", "FSDP"])
def trained(request, tokenizer_folder, chosen, corpus, tmp_path_factory):
    """The results of one and of two processes, their folders, progress, and the objective."""
    folder, progress = tmp_path_factory.mktemp("trained"), []
    mixed = chosen + examples(corpus.split("train", "est"), MT, "eng")
    call = {"tokenizer_folder": tokenizer_folder, "chosen": chosen if request.param else mixed}
    stage = replace(STAGE, accumulate=2, evaluate_every=3, ema=0.5, batch_seconds=10.0)
    call["stage"] = replace(stage, shard=request.param)
    function, two_folder = "tests.training.cases:fit_from_folder", folder / "two"
    launch(function, call | {"folder": two_folder}, 2, two_folder, progress.append)
    call["stage"] = stage
    one, _ = fit_from_folder(**call, folder=folder / "one")
    two, objective = fit_from_folder(**call, folder=two_folder)  # loads what is finished
    return {"one": one, "two": two, "folder": folder, "last": progress[-1], "objective": objective}


def column(result, name):
    return [row[name] for row in result.history]


@pytest.mark.slow
def test_losses_are_those_of_one_process(trained):
    one, two = (column(trained[name], "loss") for name in ("one", "two"))
    assert two == pytest.approx(one, rel=1e-4)


@pytest.mark.slow
def test_gradient_norms_are_those_of_one_process(trained):
    one, two = (column(trained[name], "gradient_norm") for name in ("one", "two"))
    assert two == pytest.approx(one, rel=1e-3)


@pytest.mark.slow
def test_listening_outputs_are_those_of_one_process(trained):
    one, two = (read_listening(trained["folder"] / name) for name in ("one", "two"))
    assert two == one


@pytest.mark.slow
def test_the_best_score_is_that_of_one_process(trained):
    assert trained["two"].best == pytest.approx(trained["one"].best, abs=1e-3)


@pytest.mark.slow
def test_weights_are_near_those_of_one_process(trained):
    one, two = (
        load_file(trained["folder"] / name / "best.safetensors") for name in ("one", "two")
    )
    gaps = torch.cat([(one[name] - two[name]).abs().flatten() for name in one])
    # Adam takes a full step even where a gradient is almost zero and only its sign differs
    assert gaps.mean() < 1e-5


@pytest.mark.slow
def test_progress_reaches_the_last_update(trained):
    assert trained["last"].update == STAGE.updates


@pytest.mark.slow
def test_the_loaded_objective_is_in_eval_mode(trained):
    assert not trained["objective"].training
