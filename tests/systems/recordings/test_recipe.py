"""The recipe: updates that follow from the data, and scales that have none."""

from dataclasses import fields

import pytest

from lib.scales import scaled_fields
from lib.systems.recordings.recipe import RECIPES, STARTS, recordings_recipe

TINY = RECIPES["tiny"]


@pytest.mark.parametrize("hours, updates", [(1.0, 1600), (0.25, 800), (4.0, 3200)])
def test_updates_grow_with_the_root_of_the_hours(hours, updates):
    assert TINY.ctc_stage(hours).updates == updates


@pytest.mark.parametrize("sentences, updates", [(1000, 760), (250, 380), (4000, 1520)])
def test_updates_grow_with_the_root_of_the_sentences(sentences, updates):
    assert TINY.experiment(sentences).mt.updates == updates


@pytest.mark.parametrize("hours", [0.01, 0.3, 1.0, 7.0])
def test_every_length_is_evaluated_as_often(hours):
    stage = TINY.ctc_stage(hours)
    assert stage.updates // stage.evaluate_every in range(15, 19)


@pytest.mark.parametrize("hours", [0.0001, 0.01, 1.0])
def test_a_short_training_warms_up_for_a_third_at_most(hours):
    stage = TINY.ctc_stage(hours)
    assert 1 <= stage.warmup_updates <= max(1, stage.updates // 3)


def test_the_full_scale_names_the_notebooks_that_fit_it():
    with pytest.raises(ValueError, match="notebooks 10 to 13"):
        recordings_recipe("full")


@pytest.mark.parametrize("scale", RECIPES)
def test_the_speech_encoder_fits_the_backbone_that_it_starts_from(scale):
    from lib.systems.backbones import backbone_recipe

    own, other = RECIPES[scale].size, backbone_recipe("seamless", scale).size
    for name in ("hidden", "heads", "speech_layers", "feed_forward", "stack", "kernel"):
        assert getattr(own, name) == getattr(other, name), name


def test_scales_differ_in_what_is_declared_to_be_scaled():
    fixed = {f.name for f in fields(TINY)} - scaled_fields(type(TINY))
    assert fixed == {"starts"}
    assert {recipe.starts for recipe in RECIPES.values()} == {STARTS}
