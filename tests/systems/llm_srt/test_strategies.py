"""LLM-SRT's strategies: their chains, their updates, and what each of them trains."""

import re
from dataclasses import fields

import pytest

from lib.systems.llm_srt.prompts import Prompts
from lib.systems.llm_srt.recipe import RECIPES
from lib.systems.llm_srt.strategies import (
    CHAINS,
    CURRICULUM,
    ENCODER,
    GROUPS,
    LANGUAGE_MODEL,
    LESS_SPEECH,
    LORA,
    NO_SRT,
    RIVALS,
    SHARES,
    STAGES,
    STRATEGIES,
)
from lib.systems.strategy import parse_groups
from lib.systems.wordings import INSTRUCTION, TOKENS
from lib.tasks import ASR, SMT, ST
from lib.training.stages import freeze
from tests.systems.llm_srt.cases import with_recipe

ADDED = "added tokens"
PUBLISHED = {"bridge", LORA}
SCORED = {s.name: s for group in GROUPS.values() for s in group}


def chain_of(name):
    """A strategy and all that it starts from, the first stage first."""
    strategy = STRATEGIES[name]
    return [*(chain_of(strategy.start) if strategy.start else ()), strategy]


def updates(experiment, name):
    """Of a strategy and of all that it starts from."""
    return sum(experiment.system.stage(experiment, s).updates for s in chain_of(name))


# ---- chains ----


def test_names_are_keys():
    assert {name: s.name for name, s in STRATEGIES.items()} == {n: n for n in STRATEGIES}


def test_three_stages_each_from_the_one_before():
    found = [(s.name, s.stage, s.task, s.tasks, s.start, s.trains) for s in CURRICULUM]
    assert found == [
        ("asr", "asr", ASR, (ASR,), "", ()),
        ("smt", "smt", SMT, (SMT,), "asr", ()),
        ("srt", "srt", ST, (ST,), "smt", (LORA,)),
    ]


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_chain_resolves_and_ends_at_a_new_bridge(name):
    stages = [s.stage for s in chain_of(name)]
    assert stages == sorted(stages, key=STAGES.index)
    assert len({s.bridge for s in chain_of(name)}) == 1
    assert len({s.prompts for s in chain_of(name)}) == 1


@pytest.mark.parametrize("scale", RECIPES)
@pytest.mark.parametrize("name", STRATEGIES)
def test_stages_and_bridges_are_fields_of_the_recipe(scale, name):
    recipe, strategy = RECIPES[scale], STRATEGIES[name]
    assert {strategy.stage, *strategy.budget} <= {f.name for f in fields(recipe)}
    assert strategy.bridge in recipe.bridges


def test_rivals_leave_out_what_their_names_say():
    kept = {s.name: [part.stage for part in chain_of(s.name)] for s in RIVALS}
    assert kept == {
        "direct": ["srt"],
        "parallel": ["srt"],
        "smt, no asr": ["smt"],
        "srt, no asr": ["smt", "srt"],
        "srt, no smt": ["asr", "srt"],
        "smt, no srt": ["asr", "smt"],
        "srt, LoRA throughout": ["asr", "smt", "srt"],
    }


def test_a_rival_curriculum_has_adapters_in_every_stage():
    assert [s.trains for s in chain_of("srt, LoRA throughout")] == [(LORA,)] * 3


def test_the_direct_rival_writes_no_transcript_and_the_parallel_one_has_three_tasks():
    assert not STRATEGIES["direct"].spells_out
    assert STRATEGIES["parallel"].spells_out
    assert [part.task for part in STRATEGIES["parallel"].by_task] == [ASR, SMT, ST]


@pytest.mark.parametrize(
    "label, field, values",
    [
        ("instruction", "prompts", {Prompts(wording=INSTRUCTION)}),
        (ADDED, "prompts", {Prompts(wording=TOKENS)}),
        ("strided convolutions", "bridge", {"strided_conv"}),
        ("frame stacking", "bridge", {"frame_stacking"}),
        ("windowed Q-Former", "bridge", {"windowed_q_former"}),
    ],
)
def test_a_variant_has_all_three_stages_of_its_own(label, field, values):
    found = chain_of(f"srt, {label}")
    assert [s.name for s in found] == [f"{stage}, {label}" for stage in STAGES]
    assert {getattr(s, field) for s in found} == values
    assert [s.trains for s in found] == [s.trains for s in CURRICULUM]


@pytest.mark.parametrize("stage, share", LESS_SPEECH)
def test_less_speech_is_of_one_stage_alone(stage, share):
    found = {s.stage: s.share for s in chain_of(f"srt, {share:g} of the {stage} speech")}
    assert found == dict.fromkeys(STAGES, 1.0) | {stage: share}


def test_shares_are_five_two_and_a_half_and_one_of_ten_hours():
    assert [10 * share for share in SHARES] == [5.0, 2.5, 1.0]
    assert {stage for stage, _ in LESS_SPEECH} == set(STAGES)


def test_what_is_scored_of_a_chain_is_its_last_stage():
    varied = [s for name, group in GROUPS.items() if name != "rivals" for s in group]
    assert {s.stage for s in varied} == {"srt"}
    assert {stages[-1].name for stages in CHAINS} <= SCORED.keys()


def test_every_strategy_is_scored_or_started_from():
    named = {*SCORED, *(s.name for s in CURRICULUM), *(s.start for s in STRATEGIES.values())}
    assert STRATEGIES.keys() == named - {""}


@pytest.mark.parametrize(
    "text, names",
    [("", []), ("rivals, speech", ["rivals", "speech"]), ("rivals all", list(GROUPS))],
)
def test_groups_of_ablations(text, names):
    assert parse_groups(text, GROUPS) == names


def test_an_unknown_group_is_refused_by_name():
    with pytest.raises(ValueError, match="unknown ablation 'rival'; use all, or of rivals, "):
        parse_groups("prompts rival", GROUPS)


# ---- updates ----


@pytest.mark.parametrize("scale", RECIPES)
def test_every_rival_and_variant_has_the_updates_of_the_curriculum(llm_srt, scale):
    experiment = with_recipe(llm_srt, **{stage: getattr(RECIPES[scale], stage) for stage in STAGES})
    wanted = sum(getattr(RECIPES[scale], stage).updates for stage in STAGES)
    scored = ["srt", *(name for name in SCORED if name != "smt, no asr")]  # it goes on
    assert {name: updates(experiment, name) for name in scored} == dict.fromkeys(scored, wanted)


@pytest.mark.parametrize("name", ["srt, no asr", "srt, no smt", "smt, no srt"])
def test_the_updates_of_a_stage_that_is_left_out_go_to_its_neighbour(name):
    assert [stage for s in chain_of(name) for stage in s.budget or (s.stage,)] == list(STAGES)


# ---- what each of them trains ----


def part(name):
    """A part of the model by a parameter's name in its objective."""
    if "lora_" in name:
        return LORA
    if ".parametrizations.weight.0." in name:
        return ADDED
    return name.split(".")[1].replace("_", " ")


def trained_parts(experiment, name):
    """Parts with a trainable parameter, and parts with a frozen one."""
    strategy = experiment.strategy(name)
    stage = experiment.system.stage(experiment, strategy)
    model = experiment.system.initial_model(experiment, strategy)
    objective = experiment.system.objective(experiment, strategy, model, stage)
    freeze(objective, stage.frozen)
    found = {True: set(), False: set()}
    for key, parameter in objective.named_parameters():
        found[parameter.requires_grad].add(part(key))
    return found[True], found[False]


@pytest.mark.parametrize(
    "name, trained",
    [
        ("asr", {"bridge"}),
        ("smt", {"bridge"}),
        ("srt", PUBLISHED),
        ("direct", PUBLISHED),
        ("parallel", PUBLISHED),
        (NO_SRT[0].name, PUBLISHED),
        ("asr, LoRA throughout", PUBLISHED),
        ("asr, added tokens", {"bridge", ADDED}),
        ("srt, added tokens", {"bridge", LORA, ADDED}),
        ("srt, bridge only", {"bridge"}),
        ("srt, encoder too", {"bridge", LORA, ENCODER}),
        ("srt, whole language model", {"bridge", LANGUAGE_MODEL}),
        ("srt, everything", {"bridge", ENCODER, LANGUAGE_MODEL}),
    ],
)
def test_parts_that_a_strategy_trains(llm_srt, name, trained):
    """A part trains as a whole or not at all; the rest is frozen."""
    found, frozen = trained_parts(llm_srt, name)
    assert found == trained
    assert frozen == {ENCODER, LANGUAGE_MODEL} - trained


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_encoder_never_trains_unless_named(llm_srt, name):
    strategy = STRATEGIES[name]
    model = llm_srt.system.initial_model(llm_srt, STRATEGIES["asr"])
    own = [f"model.encoder.{key}" for key, _ in model.encoder.named_parameters()]
    frozen = llm_srt.system.stage(llm_srt, strategy).frozen
    free = [key for key in own if not any(re.search(pattern, key) for pattern in frozen)]
    assert free == (own if ENCODER in strategy.trains else [])


def test_encoder_and_language_model_have_rates_of_their_own(llm_srt):
    changed = with_recipe(llm_srt, encoder_learning_rate=0.25, language_model_learning_rate=0.5)
    names = ("srt", "srt, encoder too", "srt, whole language model", "srt, everything")
    stages = [llm_srt.system.stage(changed, STRATEGIES[name]) for name in names]
    rates = [[rate for _, rate in stage.part_learning_rates] for stage in stages]
    assert rates == [[], [0.25], [0.5], [0.25, 0.5]]
