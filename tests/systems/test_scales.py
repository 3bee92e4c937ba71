"""The wind tunnel: the same recipe at every scale, but for the fields that are declared to scale."""

import dataclasses

import pytest
from lib.systems.gmu.corpora import fine_tuning_corpus

from lib.scales import SCALES, preset, scaled_fields
from lib.systems import backbones
from lib.systems import nllb_backbone as nllb
from lib.systems.gmu import tour
from lib.systems.gmu.strategies import RECIPES, STRATEGIES

STAGES = ("asr", "mt", "nllb", "st", "st_from_asr", "multitask")


@pytest.mark.parametrize("presets", [backbones.PRESETS, nllb.PRESETS, RECIPES], ids=["backbone", "nllb", "gmu"])
def test_scales_differ_in_declared_fields_only(presets):
    assert tuple(presets) == SCALES
    kept = [f.name for f in dataclasses.fields(presets["tiny"]) if f.name not in scaled_fields(type(presets["tiny"]))]
    assert kept
    for name in kept:
        assert len({repr(getattr(entry, name)) for entry in presets.values()}) == 1, name


def test_stages_of_the_scales_differ_in_size_not_in_kind():
    for first, second in (("smoke", "tiny"), ("tiny", "lab"), ("lab", "full")):
        for stage in STAGES:
            one, other = getattr(RECIPES[first], stage), getattr(RECIPES[second], stage)
            for name in ("name", "schedule", "betas", "weight_decay", "clip", "label_smoothing", "frozen"):
                assert getattr(one, name) == getattr(other, name), name


def test_gmus_constants():
    """GMU's logs and its scoring."""
    full = RECIPES["full"]
    stages = [getattr(full, name) for name in STAGES]
    assert [stage.learning_rate for stage in stages] == [1e-4, 1e-4, 1e-4, 1e-4, 5e-5, 6e-5]
    assert [stage.warmup for stage in stages] == [1000, 1000, 1000, 1000, 1000, 2000]
    assert [stage.accumulate * stage.batch_max_items for stage in stages] == [120, 256, 256, 120, 120, 120]
    for stage in stages:
        assert stage.betas == (0.9, 0.98) and stage.clip is None and stage.label_smoothing == 0.2 and stage.weight_decay == 0
        assert (
            stage.precision == "tf32"
            and stage.evaluate_every == 250
            and stage.patience == 10
            and stage.schedule == "inverse_sqrt"
        )
    assert full.official_longest == 15
    assert full.search(STRATEGIES["nllb"], 5).longest == 128 and full.search(STRATEGIES["mt"], 5).longest == 256
    assert full.beams == 5 and full.longest_train == 30 and full.longest_test == 45 and full.longest_output == 256


def test_processes_share_an_update_of_about_the_same_size():
    for name in STAGES:
        stage = getattr(RECIPES["full"], name)
        for processes in (2, 3, 4, 8):
            shared = stage.split_batches(processes)
            assert shared.accumulate % processes == 0
            assert shared.accumulate * shared.batch_max_items == pytest.approx(stage.accumulate * stage.batch_max_items, rel=0.1)
            assert shared.accumulate * shared.batch_seconds == pytest.approx(stage.accumulate * stage.batch_seconds)
            assert shared.batch_seconds >= RECIPES["full"].longest_train  # so that the longest clip fits


def test_unknown_scale_and_full_without_recordings(tmp_path):
    with pytest.raises(ValueError, match="unknown scale 'huge'"):
        preset(RECIPES, "huge")
    with pytest.raises(ValueError, match="give corpus="):
        fine_tuning_corpus(RECIPES["full"], "est", "eng", tmp_path)
    with pytest.raises(ValueError, match="start with notebook 10"):
        tour.train("full", tmp_path, tmp_path, 1)
    with pytest.raises(ValueError, match="no espeak-ng voice|no CLDR"):
        fine_tuning_corpus(RECIPES["smoke"], "bem", "eng", tmp_path)


def test_full_names_the_published_checkpoint_and_reads_it_from_a_folder_of_the_same_layout(model, tmp_path):
    assert backbones.PRESETS["full"].hub == "facebook/seamless-m4t-v2-large"
    model.save(tmp_path / "seamless-m4t-v2-large")
    trained = backbones.TrainedBackbone(str(tmp_path / "seamless-m4t-v2-large"), ("est",), [], None)
    assert backbones.load_backbone(trained, text=True).text_encoder is not None
    assert backbones.load_backbone(trained).text_encoder is None


def test_tiny_reading_holds_copying_and_joining_holds_every_task(corpus):
    recipe = dataclasses.replace(
        backbones.PRESETS["smoke"], phrasebook=dataclasses.replace(backbones.PRESETS["smoke"].phrasebook, spoken=("est", "eng"))
    )
    read = backbones.reading(recipe)
    assert any(e.source == e.target for e in read) and any(e.source != e.target for e in read)
    assert {e.task.value for e in backbones.joining(recipe, corpus)} == {"ASR", "ST", "MT"}


def test_backbone_is_found_again_and_not_trained_twice(tmp_path, monkeypatch):
    first = backbones.seamless_backbone("smoke", tmp_path)
    ticks = []
    again = backbones.seamless_backbone("smoke", tmp_path, watch=ticks.append)
    assert again.path == first.path and not ticks and [s.stage for s in again.stages] == ["hear", "read", "join"]
