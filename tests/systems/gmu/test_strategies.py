from dataclasses import asdict, replace

import pytest

from lib.systems.gmu.claims import CLAIMS
from lib.systems.gmu.strategies import (
    GMU_SWITCHES,
    MULTITASK_ABLATION,
    OFFICIAL_SWITCHES,
    RELEASED,
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
    ],
)
def test_starts(name, encoder, decoder):
    assert (STRATEGIES[name].encoder, STRATEGIES[name].decoder) == (encoder, decoder)


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


def test_the_claim_about_switches_names_the_official_ones():
    assert CLAIMS["GMU-6"].measure.strategies == tuple(OFFICIAL_SWITCHES)


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
