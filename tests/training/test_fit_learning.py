"""The training loop on a minute Seamless: what is learnt, and what may not change a gradient."""

from dataclasses import replace

import pytest
import torch

from tests.training.cases import STAGE, fit_speech, fresh, losses, weights, without_dropout

pytestmark = pytest.mark.slow  # it trains

ONE_UPDATE = replace(
    STAGE, updates=1, warmup_updates=1, batch_seconds=99.0, label_smoothing=0.0, evaluate_every=0
)


# ---- what is learnt ----


def test_training_lowers_the_loss(tokenizer, chosen, tmp_path):
    stage = replace(STAGE, updates=40, learning_rate=3e-3, schedule="constant", evaluate_every=0)
    found = losses(fit_speech(fresh(tokenizer), chosen, tmp_path, stage))
    assert sum(found[-5:]) < 0.8 * sum(found[:5])


@pytest.fixture(scope="module")
def frozen(tokenizer, chosen, tmp_path_factory):
    """The names of the tensors that training with a frozen speech encoder changes."""
    model = fresh(tokenizer)
    before = weights(model)
    stage = replace(STAGE, updates=2, learning_rate=1e-2, frozen=("speech_encoder",))
    fit_speech(model, chosen, tmp_path_factory.mktemp("frozen"), stage)
    return {n for n, tensor in weights(model).items() if not torch.equal(tensor, before[n])}


def test_frozen_parts_stay(frozen):
    assert not any("speech_encoder" in name for name in frozen)


def test_other_parts_train(frozen):
    assert any("text_decoder" in name for name in frozen)


PARTS = [("text_decoder.layers", 0.0), (".adapter.", 1e-2), ("speech_encoder.encoder.layers", 1e-4)]


@pytest.fixture(scope="module")
def moved(tokenizer, chosen, tmp_path_factory):
    """By how much one update moves each tensor at most, with learning rates of parts."""
    model = without_dropout(fresh(tokenizer))
    before = weights(model)
    rates = (("text_decoder", 0.0), ("adapter", 1e-2))
    stage = replace(ONE_UPDATE, learning_rate=1e-4, part_learning_rates=rates)
    fit_speech(model, chosen, tmp_path_factory.mktemp("parts"), stage)
    return {name: (tensor - before[name]).abs().max() for name, tensor in weights(model).items()}


@pytest.mark.parametrize(("part", "rate"), PARTS)
def test_a_part_moves_by_its_own_learning_rate(moved, part, rate):
    # Adam's first step is as long as the learning rate
    largest = max(step.item() for name, step in moved.items() if part in name)
    assert largest == pytest.approx(rate, rel=0.05)


# ---- what may not change a gradient ----


@pytest.fixture(scope="module")
def first_update(tokenizer, chosen, tmp_path_factory):
    """The log row of a first update without dropout, whatever is changed of its stage."""
    rows = {}

    def run(**changes):
        if str(changes) not in rows:
            model, folder = without_dropout(fresh(tokenizer)), tmp_path_factory.mktemp("one")
            result = fit_speech(model, chosen[:8], folder, replace(ONE_UPDATE, **changes))
            rows[str(changes)] = result.history[0]
        return rows[str(changes)]

    return run


@pytest.fixture(scope="module")
def plain(first_update):
    return first_update()


TOLERANCE = {"loss": 1e-5, "gradient_norm": 1e-4}
SAME = [
    {"batch_max_items": 2, "accumulate": 4},
    {"batch_max_items": 2, "accumulate": 4, "recompute": True},
    {"recompute": True},
]


@pytest.mark.parametrize("column", TOLERANCE)
@pytest.mark.parametrize("changes", SAME, ids=str)
def test_small_batches_and_recomputing_change_nothing(plain, first_update, changes, column):
    found = first_update(**changes)[column]
    assert found == pytest.approx(plain[column], rel=TOLERANCE[column])


def test_the_mean_of_batch_means_is_another_loss(plain, first_update):
    found = first_update(batch_max_items=2, accumulate=4, loss_mean="batch")
    assert abs(found["loss"] / plain["loss"] - 1) > 1e-4


@pytest.mark.parametrize(("column", "tolerance"), [("loss", 0.02), ("gradient_norm", 0.1)])
def test_bf16_is_near_fp32(plain, first_update, column, tolerance):
    assert first_update(precision="bf16")[column] == pytest.approx(plain[column], rel=tolerance)


def test_bf16_is_not_fp32(plain, first_update):
    assert first_update(precision="bf16")["loss"] != plain["loss"]
