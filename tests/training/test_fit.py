"""The training loop on a minute Seamless: resuming, augmentation and limits."""

import math
from dataclasses import replace

import pytest
import torch

from lib.data.augment import Augment
from lib.training.objectives import Seq2SeqObjective
from lib.training.weights import WrongCheckpoint
from tests.training.cases import (
    STAGE,
    Killed,
    equal,
    fit_speech,
    fresh,
    kill_after,
    losses,
    weights,
)

pytestmark = pytest.mark.slow  # it trains


def interrupted(tokenizer, chosen, folder, update, stage=STAGE, **how):
    """Stop a training after an update and resume it; its result, model and first update after."""
    with pytest.raises(Killed):
        fit_speech(fresh(tokenizer), chosen, folder, stage, callback=kill_after(update), **how)
    model, seen = fresh(tokenizer), []
    # evaluations that were made before the stop are not made again
    done = update // stage.evaluate_every if stage.evaluate_every else 0
    how |= {"scores": range(1 + done, 100), "callback": lambda p: seen.append(p.update)}
    return fit_speech(model, chosen, folder, stage, **how), model, seen[0]


# ---- resuming ----


@pytest.fixture(scope="module")
def undisturbed(tokenizer, chosen, tmp_path_factory):
    model, folder = fresh(tokenizer), tmp_path_factory.mktemp("undisturbed")
    return fit_speech(model, chosen, folder), model, folder


@pytest.fixture(scope="module", params=[2, 3, 5])
def resumed(request, tokenizer, chosen, tmp_path_factory):
    found = interrupted(tokenizer, chosen, tmp_path_factory.mktemp("resumed"), request.param)
    return *found, request.param


def test_a_stop_changes_no_loss(undisturbed, resumed):
    assert losses(resumed[0]) == losses(undisturbed[0])


def test_a_stop_changes_no_weight(undisturbed, resumed):
    assert equal(undisturbed[1], resumed[1])


def test_the_result_says_that_it_was_resumed(resumed):
    assert resumed[0].resumed


def test_training_resumes_at_the_last_checkpoint(resumed):
    assert resumed[2] in (resumed[3], resumed[3] + 1)  # the callback comes before the checkpoint


@pytest.fixture(scope="module")
def again(undisturbed, tokenizer, chosen):
    """The finished stage, called again with another model."""
    model, seen = fresh(tokenizer), []
    result = fit_speech(model, chosen, undisturbed[2], callback=seen.append)
    return result, model, seen


def test_a_finished_stage_is_not_trained_again(again):
    assert not again[2]


def test_a_finished_stage_is_loaded(undisturbed, again):
    assert equal(undisturbed[1], again[1])


def test_a_finished_stage_has_its_result(undisturbed, again):
    assert again[0] == undisturbed[0]


@pytest.mark.parametrize("change", ["seed", "data", "stage"])
def test_another_recipe_in_the_folder_is_refused(undisturbed, tokenizer, chosen, change):
    given = chosen[:-1] if change == "data" else chosen
    stage = replace(STAGE, loss_mean="batch") if change == "stage" else STAGE
    how = {"seed": 2} if change == "seed" else {}
    with pytest.raises(WrongCheckpoint, match="another recipe or of other data"):
        fit_speech(fresh(tokenizer), given, undisturbed[2], stage, **how)


def test_an_execution_field_may_change(undisturbed, tokenizer, chosen):
    stage = replace(STAGE, save_every_seconds=5.0)
    assert fit_speech(fresh(tokenizer), chosen, undisturbed[2], stage) == undisturbed[0]


def test_a_moving_average_is_resumed(tokenizer, chosen, tmp_path):
    stage, smooth = replace(STAGE, ema=0.5, learning_rate=1e-2), fresh(tokenizer)
    fit_speech(smooth, chosen, tmp_path / "undisturbed", stage)
    _, model, _ = interrupted(tokenizer, chosen, tmp_path / "resumed", 5, stage)
    assert equal(smooth, model)


def test_a_moving_average_lags_behind(tokenizer, chosen, tmp_path):
    heads = []
    for name, ema in (("plain", 0.0), ("smooth", 0.5)):
        model = fresh(tokenizer)
        fit_speech(model, chosen, tmp_path / name, replace(STAGE, ema=ema, learning_rate=1e-2))
        heads.append(weights(model)["speech.lm_head.weight"])
    start = weights(fresh(tokenizer))["speech.lm_head.weight"]
    moved = ((heads[1] - start).norm() / (heads[0] - start).norm()).item()
    assert 0.1 < moved < 0.95


# ---- augmentation ----

AUGMENTED = replace(
    STAGE, augment=Augment(speeds=(0.9, 1.1), noise_probability=1.0, time_masks=1, mel_masks=1)
)


@pytest.fixture(scope="module")
def augmented(tokenizer, chosen, tmp_path_factory):
    return fit_speech(fresh(tokenizer), chosen, tmp_path_factory.mktemp("augmented"), AUGMENTED)


def test_augmentation_changes_training(undisturbed, augmented):
    assert losses(augmented) != losses(undisturbed[0])


def test_augmentation_is_resumed(augmented, tokenizer, chosen, tmp_path):
    result, _, _ = interrupted(tokenizer, chosen, tmp_path, 4, AUGMENTED)
    assert losses(result) == losses(augmented)


# ---- limits ----

TWO_EPOCHS = replace(STAGE, updates=50, max_epochs=2, evaluate_every=0)


@pytest.fixture(scope="module")
def limited(tokenizer, chosen, tmp_path_factory):
    return fit_speech(fresh(tokenizer), chosen, tmp_path_factory.mktemp("epochs"), TWO_EPOCHS)


def test_training_ends_after_the_last_epoch(limited):
    assert limited.history[-1]["epoch"] == 1


def test_the_result_says_that_epochs_ended_it(limited):
    assert limited.stopped_by == "max_epochs"


def test_the_last_update_of_the_last_epoch_is_evaluated(limited):
    assert limited.best_update == limited.updates


def test_an_epoch_limit_is_resumed(limited, tokenizer, chosen, tmp_path):
    result, _, _ = interrupted(tokenizer, chosen, tmp_path, limited.updates - 1, TWO_EPOCHS)
    assert losses(result) == losses(limited)


def test_without_an_epoch_limit_updates_end_training(undisturbed):
    assert undisturbed[0].stopped_by == "updates"


class Breaking(Seq2SeqObjective):
    """Its loss is infinite in the given calls; the first two are the rehearsal's."""

    def __init__(self, model, broken):
        super().__init__(model, 0.0)
        self.calls, self.broken = 0, broken

    def forward(self, batch):
        self.calls += 1
        loss = super().forward(batch)
        return loss._replace(total=loss.total * (math.inf if self.calls in self.broken else 1.0))


@pytest.fixture(scope="module")
def broken(tokenizer, chosen, tmp_path_factory):
    """A training whose third update is not finite."""
    model, folder = fresh(tokenizer), tmp_path_factory.mktemp("broken")
    stage = replace(STAGE, clip_norm=1.0)
    return fit_speech(model, chosen, folder, stage, objective=Breaking(model, {5})), model


def test_an_update_that_is_not_finite_is_counted(broken):
    assert broken[0].not_finite == 1


def test_an_update_that_is_not_finite_is_logged(broken):
    assert [row["update"] for row in broken[0].history if math.isinf(row["loss"])] == [3]


def test_an_update_that_is_not_finite_leaves_finite_weights(broken):
    assert all(torch.isfinite(tensor).all() for tensor in weights(broken[1]).values())


def test_too_many_updates_that_are_not_finite_end_training(tokenizer, chosen, tmp_path):
    model, stage = fresh(tokenizer), replace(STAGE, updates=14)
    objective = Breaking(model, set(range(3, 99)))
    with pytest.raises(FloatingPointError, match="in 11 updates.*lower learning_rate"):
        fit_speech(model, chosen, tmp_path, stage, objective=objective)
