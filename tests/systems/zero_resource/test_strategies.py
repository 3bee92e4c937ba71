"""Strategies of zero-resource translation: chains, equal updates, and what each of them trains."""

import re
from dataclasses import fields, replace

import pytest

from lib.systems.strategy import parse_groups
from lib.systems.zero_resource.recipe import RECIPES
from lib.systems.zero_resource.strategies import (
    ADAPTER,
    AMOUNTS,
    ENCODER,
    GROUPS,
    LORA,
    MULTI_TASK,
    NUMBERS,
    QUALITIES,
    RANKS,
    STRATEGIES,
    groups_at,
    scored,
)
from lib.training.stages import freeze


def updates(experiment, name):
    """Of a strategy and of all that it starts from."""
    strategy = STRATEGIES[name]
    before = updates(experiment, strategy.start) if strategy.start else 0
    return before + experiment.system.stage(experiment, strategy).updates


def test_every_start_is_a_strategy():
    assert {s.start for s in STRATEGIES.values()} - {""} <= STRATEGIES.keys()


def test_names_are_those_they_are_listed_under():
    assert {name: s.name for name, s in STRATEGIES.items()} == {name: name for name in STRATEGIES}


def test_every_ablation_can_be_trained():
    assert {s.name for group in GROUPS.values() for s in group} <= STRATEGIES.keys()


@pytest.mark.parametrize(
    "name", ["multi-task, joint from the start", "sequential", "multi-task, last layer", "st"]
)
@pytest.mark.parametrize("scale", RECIPES)
def test_rivals_have_as_many_updates(zero_resource, name, scale):
    whole = replace(zero_resource, recipe=RECIPES[scale])
    assert updates(whole, name) == updates(whole, "multi-task")


@pytest.mark.parametrize(
    "chains, field",
    [(AMOUNTS, "share"), (QUALITIES, "wrong_words"), (NUMBERS, "languages")],
    ids=["amount", "quality", "number"],
)
def test_data_are_varied_in_the_first_stage_alone(chains, field):
    for value, (first, second) in chains.items():
        assert getattr(first, field) == value
        assert replace(second, name="", start="") == replace(MULTI_TASK, name="", start="")
        assert second.start == first.name


def test_both_stages_of_other_chains_differ_by_the_same_field():
    for name in ("last layer", "normalised layers", "one convolution", "MLP", "one prompt"):
        second = STRATEGIES[f"multi-task, {name}"]
        first = STRATEGIES[second.start]
        changed = [
            {f.name for f in fields(own) if getattr(own, f.name) != getattr(base, f.name)}
            for own, base in ((first, ADAPTER), (second, MULTI_TASK))
        ]
        assert changed[0] - {"name"} == changed[1] - {"name", "start"} != set()


def test_a_sweep_of_ranks_keeps_the_size_of_an_update(zero_resource):
    found = [zero_resource.system.lora(zero_resource, strategy) for strategy in RANKS]
    assert [lora.rank for lora in found] == [4, 64]
    assert {lora.alpha / lora.rank for lora in found} == {2.0}


@pytest.mark.parametrize(
    "name, wanted",
    [
        ("adapter", {"bridge"}),
        ("multi-task, adapter only", {"bridge"}),
        ("multi-task", {"bridge", LORA}),
        ("adapter, encoder too", {"bridge", ENCODER}),
        ("multi-task, encoder too", {"bridge", LORA, ENCODER}),
    ],
)
def test_what_is_trained(zero_resource, name, wanted):
    strategy = STRATEGIES[name]
    model = zero_resource.system.initial_model(zero_resource, strategy)
    stage = zero_resource.system.stage(zero_resource, strategy)
    freeze(model, [pattern.replace(r"^model\.", "^") for pattern in stage.frozen])
    trained = [n for n, p in model.named_parameters() if p.requires_grad]
    kinds = {LORA if "lora_" in n else re.match(r"\w+", n)[0] for n in trained}
    assert kinds == wanted


def test_the_published_adapter_has_two_convolutions_of_stride_2_after_w2v_bert(zero_resource):
    full = replace(zero_resource, recipe=RECIPES["full"])
    config = full.system.bridge(full, MULTI_TASK).bridge
    assert config.strides(stack=2) == (2, 2)
    assert config.strides(stack=4) == (2, 1)


def test_the_published_size_is_trained_in_bf16():
    recipe = RECIPES["full"]
    assert {recipe.adapter.precision, recipe.joint.precision} == {"bf16"}


def test_each_single_layer_is_scored_once():
    names = scored(["rivals", "layers"], layers=4)
    assert len(set(names)) == len(names)
    singles = [f"multi-task, layer {n}" for n in (1, 2, 3)]
    assert set(singles) | {"multi-task, last layer"} <= set(names)
    assert "multi-task, layer 4" not in names  # it is the last one


def test_published_models_are_not_taught_less():
    assert not {"ability", "encoder"} & set(groups_at("full"))
    with pytest.raises(ValueError, match="unknown ablation 'ability'; use all, or of rivals"):
        parse_groups("rivals ability", groups_at("full"))
