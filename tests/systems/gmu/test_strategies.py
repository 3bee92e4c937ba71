from dataclasses import asdict, replace

import pytest

from lib.systems.gmu.recipe import RECIPES
from lib.systems.gmu.strategies import (
    CONVERGED,
    GMU_SWITCHES,
    MULTITASK_ABLATION,
    OFFICIAL_SWITCHES,
    PATIENCE,
    RELEASED,
    STARTS,
    STRATEGIES,
    SWITCHES,
    Switches,
    direct_as,
    switched,
)
from lib.tasks import ASR, MT, ST


@pytest.mark.parametrize(
    "name, task",
    [
        ("asr", ASR),
        ("mt", MT),
        ("mt_stripped", MT),
        ("nllb", MT),
        ("direct", ST),
        ("asr_init", ST),
        ("direct_twice", ST),
        ("mt_init", ST),
        ("both_init", ST),
        ("multitask", ST),
        ("from_scratch", ST),
        ("asr, long", ASR),
        ("mt, long", MT),
        ("direct, long", ST),
        ("asr_init, long", ST),
        ("multitask, long", ST),
    ],
)
def test_tasks(name, task):
    assert STRATEGIES[name].task == task


def test_strategies_are_found_by_their_name():
    assert {name: strategy.name for name, strategy in STRATEGIES.items()} == {
        name: name for name in STRATEGIES
    }


@pytest.mark.parametrize(
    "name, encoder, decoder",
    [
        ("direct", "", ""),
        ("asr_init", "asr", ""),
        ("mt_init", "", "mt"),
        ("both_init", "asr", "mt"),
        ("direct_twice", "direct", "direct"),
        ("multitask", "asr", "mt"),
        ("from_scratch", "", ""),
        ("direct, long", "", ""),
        ("asr_init, long", "asr, long", ""),
        ("multitask, long", "asr, long", "mt, long"),
    ],
)
def test_starts(name, encoder, decoder):
    assert (STRATEGIES[name].encoder, STRATEGIES[name].decoder) == (encoder, decoder)


def test_only_one_strategy_starts_from_random_weights():
    assert [name for name, strategy in STRATEGIES.items() if strategy.scratch] == ["from_scratch"]


# ---- trained to convergence ----


@pytest.mark.parametrize("name", CONVERGED)
def test_a_long_training_is_that_of_a_strategy(name):
    """But for its updates and its starts."""
    short, long = STRATEGIES[name.removesuffix(", long")], STRATEGIES[name]
    assert long == replace(
        short,
        name=name,
        encoder=short.encoder and f"{short.encoder}, long",
        decoder=short.decoder and f"{short.decoder}, long",
        update_factor=long.update_factor,
        patience=PATIENCE,
    )


def test_the_starts_whose_updates_come_first():
    encoders = {name: STRATEGIES[name].encoder for name in CONVERGED}
    assert {name: encoder for name, encoder in encoders.items() if encoder} == STARTS


def updates_on_speech(name, scale):
    """Of a strategy and of the ASR training that it starts from."""
    strategy = STRATEGIES[name]
    own = strategy.update_factor * getattr(RECIPES[scale], strategy.stage).updates
    return own + (updates_on_speech(STARTS[name], scale) if name in STARTS else 0)


@pytest.mark.parametrize("scale", ["smoke", "tiny", "lab"])
def test_all_have_as_many_updates_on_speech(scale):
    assert len({updates_on_speech(name, scale) for name in CONVERGED}) == 1


def test_long_trainings_have_more_updates():
    factors = {name: STRATEGIES[name].update_factor for name in STRATEGIES}
    assert {name for name, factor in factors.items() if factor > 1} == {
        name for name in STRATEGIES if name.endswith(", long")
    }


@pytest.mark.parametrize("name, needed", [("direct", False), ("mt", True), ("multitask", True)])
def test_text_encoder(name, needed):
    assert STRATEGIES[name].needs_text_encoder is needed


def test_switches_are_off():
    assert {strategy.switches for strategy in STRATEGIES.values()} == {Switches()}


@pytest.mark.parametrize("name", [*OFFICIAL_SWITCHES, *GMU_SWITCHES])
def test_each_switch_has_a_name(name):
    strategy = switched(name)
    assert strategy == replace(STRATEGIES["direct"], name=name, switches=SWITCHES[name])
    assert strategy.switches != Switches()


def test_all_official_switches():
    every = OFFICIAL_SWITCHES["direct, all switches"]
    single = [asdict(s) for name, s in OFFICIAL_SWITCHES.items() if name != "direct, all switches"]
    on = {field for values in single for field, value in values.items() if value is True}
    assert {field for field, value in asdict(every).items() if value is True} == on


def test_a_switch_changes_one_field():
    single = {name: s for name, s in SWITCHES.items() if name != "direct, all switches"}
    defaults = asdict(Switches())
    for switches in single.values():
        changed = [f for f, value in asdict(switches).items() if value != defaults[f]]
        assert len(changed) == 1


@pytest.mark.parametrize(
    "task, skip, untied", [(ASR, False, False), (MT, False, False), (ST, True, True)]
)
def test_released_switches(task, skip, untied):
    switches = RELEASED[task]
    assert switches.official_dropout
    assert switches.skip_language_token is skip
    assert switches.untied_head is untied


@pytest.mark.parametrize(
    "name, weights",
    [
        ("multitask, ST alone", (1, 0, 0)),
        ("multitask, ST + MT", (1, 1, 0)),
        ("multitask, ST + KD", (1, 0, 2)),
        ("multitask, MT + KD", (0, 1, 2)),
    ],
)
def test_ablation(name, weights):
    losses = {s.name: s.multitask for s in MULTITASK_ABLATION}[name]
    assert (losses.st, losses.mt, losses.kd) == weights


def test_direct_under_another_name():
    assert direct_as("other") == replace(STRATEGIES["direct"], name="other")


def test_direct_with_more_updates():
    expected = replace(STRATEGIES["direct"], name="other", update_factor=2.0)
    assert direct_as("other", 2.0) == expected
