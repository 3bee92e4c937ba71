"""The presets of the scales differ in fields that are declared with `scaled`, and in no others."""

from dataclasses import fields

import pytest

from lib.scales import SCALES, scaled_fields
from lib.systems import (
    best_rq_backbone,
    mt5_backbone,
    nllb_backbone,
    qwen_backbone,
    seamless_presets,
    w2v_bert_backbone,
    whisper_backbone,
)
from lib.systems.gmu.recipe import RECIPES
from lib.systems.llm_srt import language_model
from lib.systems.speed import sizes
from lib.systems.zero_resource import recipe

PRESETS = {
    "seamless": seamless_presets.PRESETS,
    "nllb": nllb_backbone.PRESETS,
    "w2v_bert": w2v_bert_backbone.PRESETS,
    "qwen": qwen_backbone.PRESETS,
    "whisper": whisper_backbone.PRESETS,
    "srt_qwen": language_model.PRESETS,
    "gmu": RECIPES,
    "speed": sizes.PRESETS,
    "best_rq": best_rq_backbone.PRESETS,
    "mt5": mt5_backbone.PRESETS,
    "zero_resource": recipe.RECIPES,
}
FIXED = [
    (name, field.name)
    for name, presets in PRESETS.items()
    for field in fields(presets["tiny"])
    if field.name not in scaled_fields(type(presets["tiny"]))
]


@pytest.mark.parametrize("name", PRESETS)
def test_there_is_a_preset_for_each_scale(name):
    assert tuple(PRESETS[name]) == SCALES


@pytest.mark.parametrize("name", PRESETS)
def test_some_fields_are_fixed(name):
    assert name in dict(FIXED)


@pytest.mark.parametrize("name, field", FIXED)
def test_fixed_fields_are_equal_at_all_scales(name, field):
    assert len({repr(getattr(recipe, field)) for recipe in PRESETS[name].values()}) == 1
