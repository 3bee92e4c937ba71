"""The wind tunnel: the same recipe at every scale, but for the fields that are declared to scale."""

import dataclasses

import pytest

from lib.recipes import backbones, gmu, tour
from lib.recipes.scales import SCALES, preset, scaled_fields


@pytest.mark.parametrize("presets", [backbones.PRESETS, gmu.DIRECT], ids=["backbone", "direct"])
def test_scales_differ_in_declared_fields_only(presets):
    assert tuple(presets) == SCALES
    kept = [f.name for f in dataclasses.fields(presets["tiny"]) if f.name not in scaled_fields(type(presets["tiny"]))]
    assert kept
    for name in kept:
        assert len({repr(getattr(entry, name)) for entry in presets.values()}) == 1, name


def test_stages_of_the_scales_differ_in_size_not_in_kind():
    for first, second in (("smoke", "tiny"), ("tiny", "lab"), ("lab", "full")):
        one, other = gmu.DIRECT[first].stage, gmu.DIRECT[second].stage
        for name in ("name", "schedule", "betas", "weight_decay", "clip", "label_smoothing", "frozen"):
            assert getattr(one, name) == getattr(other, name), name


def test_gmus_constants():
    """papers.md 1.7 and 1.8."""
    full = gmu.DIRECT["full"]
    assert (full.stage.learning_rate, full.stage.warmup, full.stage.betas) == (1e-4, 1000, (0.9, 0.98))
    assert full.stage.accumulate * full.stage.batch_most == 120 and full.stage.clip is None and full.stage.label_smoothing == 0.2
    assert full.beams == 5 and full.longest_train == 30 and full.longest_test == 45 and full.longest_output == 256


def test_unknown_scale_and_full_without_recordings(tmp_path):
    with pytest.raises(ValueError, match="unknown scale 'huge'"):
        preset(gmu.DIRECT, "huge")
    with pytest.raises(ValueError, match="give corpus="):
        gmu.fine_tuning_corpus(gmu.DIRECT["full"], "est", "eng", tmp_path)
    with pytest.raises(ValueError, match="start with notebook 10"):
        tour.train("full", tmp_path, tmp_path, 1)
    with pytest.raises(ValueError, match="no espeak-ng voice|no CLDR"):
        gmu.fine_tuning_corpus(gmu.DIRECT["smoke"], "bem", "eng", tmp_path)


def test_full_names_the_published_checkpoint_and_reads_it_from_a_folder_of_the_same_layout(model, tmp_path):
    assert backbones.PRESETS["full"].hub == "facebook/seamless-m4t-v2-large"
    model.save(tmp_path / "seamless-m4t-v2-large")
    trained = backbones.Trained(str(tmp_path / "seamless-m4t-v2-large"), ("est",), [], None)
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


def test_a_language_that_the_backbone_lacks_is_registered_by_fine_tuning(model, tmp_path, spec, corpora):
    smoke = gmu.DIRECT["smoke"]
    corpus = gmu.fine_tuning_corpus(smoke, "que", "spa", corpora)
    before = len(model.tokenizer)
    system = gmu.fine_tune(smoke, model, corpus, "que", "spa", 1, tmp_path)
    assert len(system.model.tokenizer) == before + 1 and system.fitted.updates == 2
    rows = gmu.outputs(smoke, system, corpus, "que", "spa", 1)
    assert {row.strategy for row in rows} == {"direct", "constant", "shuffled_audio", "silence"} and len(rows) == 4 * 6
    assert gmu.losses(smoke, system, rows, corpus)["training_clips_not_heard"] == 0
