"""Encoders that an experiment starts from: what each was taught, and partly tuned ones."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lib.models.w2v_bert import build_w2v_bert
from lib.systems.backbones import TrainedBackbone, backbone_recipe
from lib.systems.load import load_system
from lib.systems.variant import open_variant
from lib.systems.zero_resource.encoders import (
    ALL_ENCODERS,
    OTHER_LANGUAGES,
    RANDOM,
    SAME_LANGUAGES,
    encoder_changes,
    other_languages,
)
from lib.systems.zero_resource.experiment import open_experiment
from lib.systems.zero_resource.languages import LANGUAGES
from lib.systems.zero_resource.strategies import ENCODER, LORA, STRATEGIES
from lib.training.encoder_states import encoder_state_cache
from lib.training.stages import freeze

SPOKEN, HIDDEN = ("eng", "deu"), ("nld", "cat")
ADAPTER, MULTI_TASK = STRATEGIES["adapter"], STRATEGIES["multi-task"]


# ---- encoders ----


@pytest.mark.parametrize("encoder", ALL_ENCODERS)
def test_no_encoder_was_taught_a_held_out_language(encoder):
    recipe = replace(backbone_recipe("best_rq", "tiny"), **encoder_changes(encoder, SPOKEN, HIDDEN))
    assert not set(recipe.paired) & set(HIDDEN)


def test_the_languages_that_ctc_hears():
    own = backbone_recipe("best_rq", "tiny")
    paired = {
        encoder: replace(own, **encoder_changes(encoder, SPOKEN, HIDDEN)).paired
        for encoder in ("", SAME_LANGUAGES, OTHER_LANGUAGES, RANDOM, "audio only")
    }
    assert set(paired[""]) == set(LANGUAGES) - set(HIDDEN)
    assert paired[SAME_LANGUAGES] == SPOKEN
    assert paired[OTHER_LANGUAGES] == ("est", "ind")
    assert paired[RANDOM] == paired["audio only"] == ()


def test_other_languages_are_as_many_as_are_trained_on():
    assert other_languages(("eng", "deu", "est"), HIDDEN) == ("ita", "por", "ind")
    with pytest.raises(ValueError, match="needs 8 languages beside .* there are 0"):
        other_languages([c for c in LANGUAGES if c not in HIDDEN], HIDDEN)


def test_encoders_that_there_were_before_are_the_same_recipes():
    """Their folders in the cache lie under the hash of what `changes` makes."""
    assert encoder_changes("", SPOKEN, ("nld", "cat")) == {"unpaired": ("cat", "nld")}
    assert encoder_changes("audio only", SPOKEN, ("cat",)) == {"unpaired": ("cat",), "ctc": None}
    assert encoder_changes("CTC only", SPOKEN, ()) == {"unpaired": (), "best_rq": None}


def test_a_backbone_without_stages_is_named_like_the_others():
    random = replace(backbone_recipe("best_rq", "smoke"), best_rq=None, ctc=None)
    made = TrainedBackbone(recipe=random, path="/a/cache/best_rq-1/model", stages=[], corpus=None)
    assert made.name == "best_rq-1"
    hub = backbone_recipe("best_rq", "full")
    published = TrainedBackbone(recipe=hub, path=hub.hub, stages=[], corpus=None)
    assert published.name == "facebook/w2v-bert-2.0"


@pytest.mark.slow
def test_a_random_encoder_is_untrained_and_trains_a_system(zero_resource):
    found = open_experiment(
        "smoke", 1, zero_resource.cache, languages="eng deu nld cat", encoder=RANDOM
    )
    size = found.backbone.recipe.size
    own, drawn = found.backbone.load().state_dict(), build_w2v_bert(size, 1).state_dict()
    assert found.backbone.stages == []
    assert all(torch.equal(own[name], drawn[name]) for name in drawn)
    trained = found.train("adapter")
    assert re.match(r"best_rq-\w+$", found.backbone.name)
    assert str(zero_resource.cache) not in str(found._identity(ADAPTER))
    loaded = load_system(trained.folder).model.state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in trained.model.state_dict().items())


@pytest.mark.slow
@pytest.mark.parametrize("encoder", [SAME_LANGUAGES, OTHER_LANGUAGES])
def test_encoders_of_few_languages_share_masked_prediction(zero_resource, encoder):
    before = set(Path(zero_resource.cache).glob("best_rq-*"))
    found = open_experiment(
        "smoke", 1, zero_resource.cache, languages="eng deu nld cat", encoder=encoder
    )
    added = set(Path(zero_resource.cache).glob("best_rq-*")) - before
    assert [path.name for path in added] == [found.backbone.name]
    assert [stage.stage for stage in found.backbone.stages] == ["best_rq", "ctc"]


# ---- partly tuned ----


def trained_names(experiment, strategy):
    model = experiment.system.initial_model(experiment, strategy)
    objective = torch.nn.Module()
    objective.model = model
    freeze(objective, experiment.system.stage(experiment, strategy).frozen)
    named = objective.named_parameters()
    return {n for n, p in named if p.requires_grad and n.startswith("model.encoder.")}


@pytest.mark.parametrize("tuned, layers", [(1, {"1"}), (2, {"0", "1"}), (-1, {"0"})])
def test_top_or_bottom_layers_are_tuned(zero_resource, tuned, layers):
    names = trained_names(zero_resource, replace(MULTI_TASK, tuned_layers=tuned))
    assert {re.search(r"\.layers\.(\d+)\.", name)[1] for name in names} == layers


def test_the_whole_encoder_is_more_than_its_layers(zero_resource):
    whole = trained_names(zero_resource, replace(MULTI_TASK, trains=(LORA, ENCODER)))
    layers = trained_names(zero_resource, replace(MULTI_TASK, tuned_layers=2))
    assert {"feature_projection" in name for name in whole - layers} == {True}


@pytest.mark.parametrize("tuned", [3, -3])
def test_more_layers_than_there_are(zero_resource, tuned):
    with pytest.raises(ValueError, match=f"tuned_layers={tuned}: the encoder has 2 layers"):
        zero_resource.folder(replace(MULTI_TASK, tuned_layers=tuned))


def test_all_of_it_and_some_layers_are_two_answers():
    with pytest.raises(ValueError, match="leave one of trains=encoder and tuned_layers out"):
        replace(MULTI_TASK, trains=(ENCODER,), tuned_layers=1)


def test_states_of_an_encoder_are_kept_only_where_all_of_it_is_frozen(zero_resource, tmp_path):
    def kept(**changes):
        strategy = replace(MULTI_TASK, **changes)
        model = zero_resource.system.initial_model(zero_resource, strategy)
        stage = zero_resource.system.stage(zero_resource, strategy)
        return encoder_state_cache(model, stage, tmp_path) is not None

    assert kept()
    assert not kept(tuned_layers=1)
    assert not kept(tuned_layers=-1)
    assert not kept(trains=(LORA, ENCODER))


def test_systems_and_outputs_from_before_there_was_the_field_are_found(zero_resource):
    for strategy in STRATEGIES.values():
        assert "tuned_layers" not in str(zero_resource._identity(strategy))
        assert "tuned_layers" not in repr(strategy)  # outputs lie under it
    one, other = (replace(MULTI_TASK, tuned_layers=layers) for layers in (1, -1))
    found = {zero_resource._hash(strategy) for strategy in (MULTI_TASK, one, other)}
    assert len(found) == 3


def with_strategies(experiment, *strategies):
    system = experiment.system.with_strategies({s.name: s for s in strategies})
    return replace(experiment, system=system)


@pytest.mark.slow
def test_a_partly_tuned_encoder_goes_on_and_is_loaded(zero_resource):
    first = replace(ADAPTER, name="adapter, top", tuned_layers=1)
    second = replace(MULTI_TASK, name="multi-task, top", tuned_layers=1, start=first.name)
    experiment = with_strategies(zero_resource, first, second)
    before = experiment.train(first).model.encoder.state_dict()
    untrained = experiment.backbone.load().state_dict()
    moved = {name for name in before if not torch.equal(before[name], untrained[name])}
    assert moved and all(".layers.1." in name for name in moved)
    start = experiment.start(second).encoder.state_dict()
    assert all(torch.equal(start[name], before[name]) for name in before)
    trained = experiment.train(second)
    loaded = load_system(trained.folder).model.state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in trained.model.state_dict().items())


@pytest.mark.parametrize(
    "first, second",
    [
        ({"tuned_layers": 2}, {"tuned_layers": 1}),
        ({"tuned_layers": 1}, {}),
        ({"trains": (ENCODER,)}, {"trains": (LORA,)}),
    ],
    ids=str,
)
def test_a_stage_must_tune_what_the_one_before_it_tuned(zero_resource, first, second):
    """Its file would lack those weights, and a system that is loaded would be another one."""
    begun = replace(ADAPTER, name="begun", **first)
    after = replace(MULTI_TASK, start="begun", **second)
    with pytest.raises(ValueError, match="starts from begun, which tunes the encoder"):
        with_strategies(zero_resource, begun).system.starts(after)
    whole = replace(after, trains=(LORA, ENCODER), tuned_layers=0)
    parts = with_strategies(zero_resource, begun).system.starts(whole)
    assert parts == {"begun": ("bridge", "speech_encoder")}


@pytest.mark.slow
def test_a_changed_share_of_the_speech_is_of_both_stages(zero_resource):
    change = "languages=eng deu nld cat; share=0.25"
    cache = zero_resource.cache
    experiment, second = open_variant("zero_resource", "multi-task", change, "smoke", 1, cache)
    first = experiment.strategy(second.start)
    assert (first.share, second.share) == (0.25, 0.25)
    assert len(experiment._training_examples(first)[0]) == 2 * 2  # of 8 contents, 2 languages
