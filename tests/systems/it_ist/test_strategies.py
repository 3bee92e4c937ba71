from dataclasses import fields, replace

import pytest

from lib.systems.it_ist.recipe import CAPS, RECIPES
from lib.systems.it_ist.strategies import (
    ALIGN,
    ALIGN_DEFECTS,
    ALL_TASKS,
    COMPRESSED,
    INSTRUCT,
    INSTRUCT_DEFECTS,
    JOINT,
    MIXTURES,
    STRATEGIES,
    Defects,
    with_defects,
)
from lib.tasks import ASR, SQA, ST


def test_names_are_keys():
    assert {name: s.name for name, s in STRATEGIES.items()} == {n: n for n in STRATEGIES}


def test_two_stages_and_all_at_once():
    assert (ALIGN.tasks, ALIGN.stage, ALIGN.start) == ((ASR,), "align", "")
    assert (INSTRUCT.tasks, INSTRUCT.stage, INSTRUCT.start) == (ALL_TASKS, "instruct", "align")
    assert (JOINT.tasks, JOINT.stage, JOINT.start) == (ALL_TASKS, "joint", "")


def test_a_strategy_once_for_each_task():
    assert [part.task for part in INSTRUCT.by_task] == [ASR, ST, SQA]
    assert [replace(part, task=ST) for part in INSTRUCT.by_task] == [INSTRUCT] * 3
    assert [part.task for part in ALIGN.by_task] == [ASR]


@pytest.mark.parametrize("scale", RECIPES)
def test_joint_training_has_the_updates_of_both_stages(scale):
    recipe = RECIPES[scale]
    assert recipe.joint.updates == recipe.align.updates + recipe.instruct.updates
    assert recipe.joint.part_learning_rates == recipe.instruct.part_learning_rates
    assert recipe.joint.frozen == ()


@pytest.mark.parametrize("scale", RECIPES)
def test_constants_of_the_released_configuration(scale):
    recipe = RECIPES[scale]
    for stage in (recipe.align, recipe.instruct, recipe.joint):
        assert stage.betas == (0.9, 0.95)
        assert (stage.weight_decay, stage.clip_norm, stage.schedule) == (0.01, 1.0, "cosine")
        assert stage.label_smoothing == 0.0


def test_learning_rates_and_batches_at_full_size():
    recipe = RECIPES["full"]
    rates = dict(recipe.instruct.part_learning_rates)
    assert recipe.align.learning_rate == recipe.instruct.learning_rate == 2e-4
    assert sorted(rates.values()) == [6e-6, 2e-5]
    assert (recipe.align.warmup_updates, recipe.instruct.warmup_updates) == (30, 50)
    assert recipe.align.batch_max_items * recipe.align.accumulate == 8192
    assert recipe.instruct.batch_max_items * recipe.instruct.accumulate == 1024
    assert set(CAPS.values()) == {45.0, 90.0, 120.0}
    assert recipe.max_train_seconds == CAPS["paper"]


def test_no_strategy_but_those_of_defects_has_one():
    own = {*ALIGN_DEFECTS, *INSTRUCT_DEFECTS}
    assert [
        s.name for s in STRATEGIES.values() if (s.defects != Defects()) != (s.name in own)
    ] == []


@pytest.mark.parametrize("name", [*ALIGN_DEFECTS, *INSTRUCT_DEFECTS])
def test_a_defect_is_one_switch(name):
    strategy = with_defects(name)
    on = [f.name for f in fields(Defects) if getattr(strategy.defects, f.name)]
    assert len(on) == 1
    assert strategy.bridge.layerdrop == (0.1 if on == ["layer_skipped"] else 0.0)
    base = INSTRUCT if name in INSTRUCT_DEFECTS else ALIGN
    changed = {f.name for f in fields(base) if getattr(strategy, f.name) != getattr(base, f.name)}
    assert changed <= {"name", "defects", "bridge"}


def test_compressions_and_mixtures():
    assert {s.bridge.compression for s in COMPRESSED.values()} | {ALIGN.bridge.compression} == {
        2,
        4,
        8,
        16,
    }
    sizes = {"ASR": 100, "ST": 50, "SQA": 10}
    balanced = MIXTURES["instruct, balanced"].mixture.shares(sizes)
    assert list(balanced.values()) == pytest.approx([1 / 3] * 3)
    few = MIXTURES["instruct, few questions"].mixture.shares(sizes)
    assert few["SQA"] / few["ASR"] == pytest.approx(0.01)
