"""Answers to an experiment: what is trained on, what decides weights, loading."""

from dataclasses import replace

import jiwer
import pytest
import torch

from lib.models.lora import Lora
from lib.systems.load import load_system
from lib.systems.zero_resource.held_out import PairedHeldOut
from lib.systems.zero_resource.prompts import TRANSCRIBE, UNIVERSAL
from lib.systems.zero_resource.strategies import ENCODER, LORA, STRATEGIES
from lib.tasks import ASR, ST
from tests.systems.zero_resource.cases import with_recipe, with_system

HELD_OUT = {"cat", "nld"}
MULTI_TASK = STRATEGIES["multi-task"]


def given(experiment, name):
    """What a strategy trains on."""
    return experiment._training_examples(STRATEGIES[name])[0]


def folder_hash(experiment, strategy=MULTI_TASK):
    return experiment.folder(strategy).name.split("-")[-1]


# ---- what is trained on ----


@pytest.mark.parametrize("name", ["adapter", "multi-task", "sequential", "asr"])
def test_held_out_languages_are_in_no_training_set(zero_resource, name):
    found = given(zero_resource, name)
    assert {e.source for e in found} & HELD_OUT == set()
    assert len({e.source for e in found}) >= 7


def test_held_out_languages_select_no_weights_and_are_tested(zero_resource):
    dev, test = (zero_resource._examples(MULTI_TASK, split) for split in ("dev", "test"))
    assert {e.source for e in dev} & HELD_OUT == set()
    assert {e.source for e in test} >= HELD_OUT


def test_english_is_transcribed_and_not_translated(zero_resource):
    english = [e for e in given(zero_resource, "multi-task") if e.source == "eng"]
    assert {e.task for e in english} == {ASR}


def test_an_example_of_a_held_out_language_stops_the_training(zero_resource):
    smuggled = replace(given(zero_resource, "adapter")[0], source="cat")
    with pytest.raises(PairedHeldOut, match="cat to .*held out are cat, nld"):
        zero_resource.system.mix(MULTI_TASK, [[smuggled]], seed=1)


def test_prompts_vary_in_training_and_not_at_test(zero_resource):
    train, test = (
        given(zero_resource, "adapter"),
        zero_resource._examples(STRATEGIES["adapter"], "test"),
    )
    german = {e.prompt for e in train if e.source == "deu"}
    assert len(german) > 1
    asked = {e.prompt.strip() for e in test if e.source == "deu"}
    assert asked == {TRANSCRIBE[0].format(target="German")}


def test_the_universal_prompt_is_that_of_both_tasks(zero_resource):
    found = [e for e in given(zero_resource, "multi-task, one prompt") if e.target == "eng"]
    assert {e.task for e in found} == {ASR, ST}
    assert len({e.prompt for e in found}) == 1
    assert STRATEGIES["multi-task, one prompt"].wording == UNIVERSAL


def test_wrong_words_are_in_the_transcripts_of_training_alone(zero_resource):
    name = "adapter, 60% of words wrong"
    right = {e.id: e.target_text for e in given(zero_resource, "adapter")}
    wrong = {e.id: e.target_text for e in given(zero_resource, name)}
    pairs = [(right[id], text) for id, text in wrong.items()]
    assert jiwer.wer(*map(list, zip(*pairs, strict=True))) == pytest.approx(0.6, abs=0.12)
    tests = [zero_resource._examples(STRATEGIES[n], "test") for n in ("adapter", name)]
    assert tests[0] == tests[1]


def test_less_speech_is_the_same_contents_in_every_language(zero_resource):
    whole, half = (given(zero_resource, n) for n in ("adapter", "adapter, 0.5 of the speech"))
    meaning = {u.id: u.meaning for u in zero_resource.corpus.utterances}
    by_language = {}
    for example in half:
        by_language.setdefault(example.source, set()).add(meaning[example.id])
    assert len(half) == len(whole) / 2
    assert len(set(map(frozenset, by_language.values()))) == 1


def test_fewer_languages_are_the_first_ones(zero_resource):
    found = given(zero_resource, "adapter, 2 languages")
    assert {e.source for e in found} == {"eng", "deu"}


# ---- what decides the weights ----


@pytest.mark.parametrize(
    "changes",
    [
        {"trains": ()},
        {"trains": (LORA, ENCODER)},
        {"rank": 4},
        {"layers": "last"},
        {"layer_norm": True},
        {"convs": 1},
        {"kernel": 1},
        {"wording": "fixed"},
        {"share": 0.5},
        {"languages": 2},
        {"wrong_words": 0.1},
        {"tasks": (ST,)},
        {"part": 0.5},
        {"start": ""},
    ],
    ids=str,
)
def test_fields_of_a_strategy_that_decide_the_weights(zero_resource, changes):
    changed = replace(MULTI_TASK, **changes)
    assert folder_hash(zero_resource, changed) != folder_hash(zero_resource)


def test_the_name_does_not_decide_the_weights(zero_resource):
    assert folder_hash(zero_resource, replace(MULTI_TASK, name="x")) == folder_hash(zero_resource)


def test_held_out_languages_decide_the_weights_and_their_order_does_not(zero_resource):
    other = with_system(zero_resource, held_out=("cat",))
    turned = with_system(zero_resource, held_out=("nld", "cat"))
    assert folder_hash(other) != folder_hash(zero_resource) == folder_hash(turned)


def test_ranks_of_adapters_that_are_not_there_decide_nothing(zero_resource):
    other = with_recipe(zero_resource, lora=Lora(rank=4, targets=("q",)))
    adapter = STRATEGIES["adapter"]
    assert folder_hash(other, adapter) == folder_hash(zero_resource, adapter)
    assert folder_hash(other) != folder_hash(zero_resource)


# ---- trained systems ----


@pytest.mark.slow
def test_each_stage_starts_from_the_adapter_before_it(zero_resource, zero_trained):
    start = zero_resource.start(MULTI_TASK).bridge.state_dict()
    before, after = (zero_trained(n).model.bridge.state_dict() for n in ("adapter", "multi-task"))
    assert all(torch.equal(start[name], before[name]) for name in start)
    assert not all(torch.equal(start[name], after[name]) for name in start)


@pytest.mark.slow
def test_frozen_parts_are_equal_to_the_bit(zero_resource, zero_trained):
    untrained = zero_resource.system.initial_model(zero_resource, STRATEGIES["adapter"])
    model = zero_trained("adapter").model
    for part in ("encoder", "language_model"):
        own, other = (getattr(m, part).state_dict() for m in (model, untrained))
        assert all(torch.equal(own[name], other[name]) for name in own)


@pytest.mark.slow
def test_an_encoder_that_was_tuned_goes_on_to_the_second_stage(zero_resource, zero_trained):
    first = zero_trained("adapter, encoder too").model.encoder.state_dict()
    start = zero_resource.start(STRATEGIES["multi-task, encoder too"]).encoder.state_dict()
    assert all(torch.equal(start[name], first[name]) for name in first)


@pytest.mark.slow
def test_the_weights_of_the_layers_are_logged(zero_trained):
    history = (zero_trained("multi-task").folder / "signals.jsonl").read_text()
    assert "layer_1_weight" in history and "layer_2_weight" in history
    weights = zero_trained("multi-task").model.bridge.weights
    assert float(weights.sum()) == pytest.approx(1.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adapter", "multi-task", "multi-task, encoder too"])
def test_a_loaded_system_has_the_same_weights(zero_trained, name):
    trained = zero_trained(name)
    loaded = load_system(trained.folder).model.state_dict()
    own = trained.model.state_dict()
    assert own.keys() == loaded.keys()
    assert all(torch.equal(own[key].cpu(), loaded[key]) for key in own)


@pytest.mark.slow
def test_a_loaded_system_translates_a_held_out_language(zero_resource, zero_trained):
    trained = zero_trained("multi-task")
    clip = next(u for u in zero_resource.corpus.split("test", "cat"))
    found = load_system(trained.folder).translate([clip.audio], source="cat", target="eng")
    assert found[0].error == "" and len(found[0].segments) == 1
