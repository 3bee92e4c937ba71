import pytest

from lib.systems.gmu.recipe import RECIPES

STAGES = ("asr", "mt", "nllb", "st", "st_from_asr", "multitask")
FULL = {name: getattr(RECIPES["full"], name) for name in STAGES}


@pytest.mark.parametrize("scales", [("smoke", "tiny"), ("tiny", "lab"), ("lab", "full")])
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    "field",
    ["name", "schedule", "betas", "weight_decay", "clip_norm", "label_smoothing", "frozen"],
)
def test_stages_of_the_scales_differ_in_size_and_not_in_kind(scales, stage, field):
    one, other = (getattr(getattr(RECIPES[scale], stage), field) for scale in scales)
    assert one == other


# ---- GMU's constants, from its logs and its code ----


@pytest.mark.parametrize(
    "name, learning_rate, warmup, items",
    [
        ("asr", 1e-4, 1000, 120),
        ("mt", 1e-4, 1000, 256),
        ("nllb", 1e-4, 1000, 256),
        ("st", 1e-4, 1000, 120),
        ("st_from_asr", 5e-5, 1000, 120),
        ("multitask", 6e-5, 2000, 120),
    ],
)
def test_gmus_stages(name, learning_rate, warmup, items):
    stage = FULL[name]
    assert stage.learning_rate == learning_rate
    assert stage.warmup_updates == warmup
    assert stage.accumulate * stage.batch_max_items == items


@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize(
    "field, value",
    [
        ("betas", (0.9, 0.98)),
        ("clip_norm", None),
        ("label_smoothing", 0.2),
        ("weight_decay", 0.0),
        ("precision", "tf32"),
        ("evaluate_every", 250),
        ("patience", 10),
        ("schedule", "inverse_sqrt"),
        ("max_epochs", 10),
        ("loss_mean", "token"),
    ],
)
def test_gmus_constants_of_every_stage(name, field, value):
    assert getattr(FULL[name], field) == value


@pytest.mark.parametrize(
    "field, value",
    [
        ("official_max_seconds", 15),
        ("hf_max_seconds", 30),
        ("max_train_seconds", 30),
        ("max_test_seconds", 45),
        ("max_new_tokens", 256),
        ("nllb_max_new_tokens", 128),
        ("beams", 5),
        ("length_penalty", 1.0),
        ("selection_utterances", None),
    ],
)
def test_gmus_limits(field, value):
    assert getattr(RECIPES["full"], field) == value


@pytest.mark.parametrize(
    "name, frozen",
    [
        ("asr", ()),
        ("mt", ("speech_encoder",)),
        ("nllb", ()),
        ("st", ()),
        ("st_from_asr", ()),
        ("multitask", ("text_encoder",)),
    ],
)
def test_frozen_parts(name, frozen):
    assert FULL[name].frozen == frozen


# ---- several processes ----


@pytest.mark.parametrize("processes", [2, 3, 4, 8])
@pytest.mark.parametrize("name", STAGES)
def test_processes_share_an_update_of_about_the_same_size(name, processes):
    stage, shared = FULL[name], FULL[name].split_batches(processes)
    items = shared.accumulate * shared.batch_max_items
    seconds = shared.accumulate * shared.batch_seconds
    assert shared.accumulate % processes == 0
    assert items == pytest.approx(stage.accumulate * stage.batch_max_items, rel=0.1)
    assert seconds == pytest.approx(stage.accumulate * stage.batch_seconds)


@pytest.mark.parametrize("processes", [2, 3, 4, 8])
@pytest.mark.parametrize("name", STAGES)
def test_the_longest_clip_fits_in_a_shared_batch(name, processes):
    assert FULL[name].split_batches(processes).batch_seconds >= RECIPES["full"].max_train_seconds
