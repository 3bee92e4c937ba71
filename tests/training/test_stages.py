from dataclasses import replace

import pytest
from torch import nn

from lib.training.stages import (
    Stage,
    freeze,
    make_optimizer,
    parameter_table,
    train_mode,
)

STAGE = Stage(name="s", updates=1000, learning_rate=1.0, warmup_updates=100)


@pytest.fixture
def model():
    return nn.ModuleDict(
        {
            "encoder": nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5)),
            "decoder": nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5)),
        }
    )


@pytest.mark.parametrize(
    ("schedule", "update", "rate"),
    [
        ("inverse_sqrt", 50, 0.5),
        ("inverse_sqrt", 100, 1.0),
        ("inverse_sqrt", 400, 0.5),
        ("cosine", 50, 0.5),
        ("cosine", 550, 0.5),
        ("cosine", 1000, 0.0),
        ("linear", 325, 0.75),
        ("linear", 1000, 0.0),
        ("constant", 1000, 1.0),
    ],
)
def test_schedules(schedule, update, rate):
    stage = replace(STAGE, schedule=schedule)
    assert stage.learning_rate_at(update) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("schedule", "polynomial", "'s' has schedule='polynomial'; it must be one of inverse_sqrt"),
        ("loss_mean", "update", "one of token, batch, sentence"),
        ("precision", "fp8", "one of fp32, tf32, bf16"),
        ("precision", "fp16", "fp16 is refused, because Seamless"),
        ("patience", 0, "patience=0; it must be at least 1"),
        ("max_epochs", 0, "max_epochs=0; it must be at least 1"),
        ("ema", 1.0, "a decay below 1"),
    ],
)
def test_invalid_values_are_refused(field, value, message):
    with pytest.raises(ValueError, match=message):
        replace(STAGE, **{field: value})


@pytest.mark.parametrize(("accumulate", "batches"), [(30, 32), (32, 32), (1, 8)])
def test_split_batches_makes_a_multiple_of_the_processes(accumulate, batches):
    assert replace(STAGE, accumulate=accumulate).split_batches(8).accumulate == batches


def test_split_batches_keeps_the_size_of_an_update():
    stage = replace(STAGE, accumulate=30, batch_seconds=96.0).split_batches(8)
    assert stage.batch_seconds * stage.accumulate == pytest.approx(30 * 96.0)


def test_identity_has_no_field_that_changes_execution_only():
    slower = replace(STAGE, save_every_seconds=1.0, recompute=True, shard=True)
    assert slower.identity() == STAGE.identity()


def test_identity_has_the_fields_that_change_what_is_learnt():
    assert replace(STAGE, loss_mean="batch").identity() != STAGE.identity()


def test_freeze_matches_names(model):
    freeze(model, ("encoder",))
    trainable = {name for name, p in model.named_parameters() if p.requires_grad}
    assert trainable == {"decoder.0.weight", "decoder.0.bias"}


def test_freezing_what_does_not_exist_is_refused(model):
    with pytest.raises(ValueError, match="cannot freeze 'encodr': no parameter's name matches"):
        freeze(model, ("encodr",))


@pytest.mark.parametrize(("part", "training"), [("encoder", False), ("decoder", True)])
def test_frozen_parts_have_no_dropout(model, part, training):
    freeze(model, ("encoder",))
    train_mode(model)
    assert model[part][0].training is training


def test_a_part_has_its_own_learning_rate(model):
    optimizer = make_optimizer(model, replace(STAGE, part_learning_rates=(("encoder", 0.5),)))
    peaks = {id(p): group["peak"] for group in optimizer.param_groups for p in group["params"]}
    by_name = {name: peaks[id(p)] for name, p in model.named_parameters()}
    assert by_name == {
        "encoder.0.weight": 0.5,
        "encoder.0.bias": 0.5,
        "decoder.0.weight": 1.0,
        "decoder.0.bias": 1.0,
    }


def test_the_first_matching_part_counts(model):
    rates = (("encoder.0.weight", 0.1), ("encoder", 0.5), ("decoder", 0.2))
    optimizer = make_optimizer(model, replace(STAGE, part_learning_rates=rates))
    assert [len(group["params"]) for group in optimizer.param_groups] == [1, 1, 2]


def test_a_learning_rate_for_nothing_is_refused(model):
    with pytest.raises(ValueError, match="'adapter', which matches no trainable parameter"):
        make_optimizer(model, replace(STAGE, part_learning_rates=(("adapter", 1.0),)))


def test_nothing_to_train_is_refused(model):
    freeze(model, (".",))
    with pytest.raises(ValueError, match="leaves nothing to train"):
        make_optimizer(model, replace(STAGE, frozen=(".",)))


def test_adam_has_the_stages_betas(model):
    optimizer = make_optimizer(model, replace(STAGE, betas=(0.8, 0.9)))
    assert optimizer.param_groups[0]["betas"] == (0.8, 0.9)


def test_parameter_table_counts_what_trains(model):
    freeze(model, ("encoder",))
    objective = nn.ModuleDict({"model": model, "output": nn.Linear(2, 1)})
    assert parameter_table(objective) == [
        {"part": "encoder.0", "parameters": 9, "trainable": 0},
        {"part": "decoder.0", "parameters": 8, "trainable": 8},
        {"part": "output.weight", "parameters": 2, "trainable": 2},
        {"part": "output.bias", "parameters": 1, "trainable": 1},
    ]
