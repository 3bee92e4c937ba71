from dataclasses import replace
from pathlib import Path

import pytest

from lib.models.nllb import Nllb
from lib.systems.gmu.recipe import RECIPES
from lib.systems.gmu.strategies import (
    PATIENCE,
    STRATEGIES,
    SWITCHES,
    GmuStrategy,
    Switches,
    switched,
)
from lib.systems.gmu.system import MICRO_BATCHES, SYSTEM, strip_text
from lib.training.multitask_distillation import MultiTaskObjective
from lib.training.objectives import Seq2SeqObjective

pytestmark = pytest.mark.slow  # it trains, or starts processes

DIRECT = STRATEGIES["direct"]
BATCH_MEAN = switched("direct, mean of batch means")
SENTENCE_MEAN = switched("direct, mean of sentence means")


# ---- models and switches ----


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_changes_the_model(trained, name):
    strategy = switched(name)
    model, switches = trained(strategy).model, strategy.switches
    assert model.untied is switches.untied_head
    dropout = 0.1 if switches.official_dropout else 0.0
    assert model.speech.text_decoder.layers[0].ffn_dropout.p == dropout


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_leaves_a_system_with_outputs(outputs, name):
    assert len(outputs(switched(name))) == 6


def test_the_text_encoder_of_multi_task_training_has_its_own_embeddings(experiment):
    model = experiment.start(STRATEGIES["multitask"])
    assert model.text_encoder.embed_tokens.weight is not model.speech.shared.weight


def test_the_text_encoder_of_mt_shares_its_embeddings(experiment):
    model = experiment.start(STRATEGIES["mt"])
    assert model.text_encoder.embed_tokens.weight is model.speech.shared.weight


def test_nllb_is_another_backbone(experiment):
    model = experiment.system.initial_model(experiment, STRATEGIES["nllb"])
    assert isinstance(model, Nllb)


def test_a_new_language_is_added(experiment):
    model = experiment.system.initial_model(experiment, DIRECT)
    assert "__que__" in model.tokenizer.get_vocab()


# ---- stages ----


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_stage_is_the_recipes(experiment, name):
    strategy = STRATEGIES[name]
    expected = getattr(experiment.recipe, strategy.stage)
    plain = replace(strategy, update_factor=1.0, patience=0)
    assert experiment.system.stage(experiment, plain) == expected


def test_patience_of_a_strategy_is_that_of_its_stage(experiment):
    stage = experiment.system.stage(experiment, STRATEGIES["direct, long"])
    assert stage.patience == PATIENCE


@pytest.mark.parametrize("factor, updates", [(1.0, 300), (2.0, 600), (1.5, 450), (0.001, 1)])
def test_a_factor_multiplies_the_updates_alone(experiment, factor, updates):
    tiny = replace(experiment, recipe=RECIPES["tiny"])
    stage = tiny.system.stage(tiny, replace(DIRECT, update_factor=factor))
    assert stage == replace(RECIPES["tiny"].st, updates=updates)


@pytest.mark.parametrize("changes", [{"update_factor": 2.0}, {"scratch": True}])
def test_what_a_strategy_adds_to_direct_decides_the_weights(experiment, changes):
    strategy = replace(DIRECT, **changes)
    identity = experiment.system.identity
    assert identity(experiment, strategy) != identity(experiment, DIRECT)
    assert experiment.folder(strategy) != experiment.folder(DIRECT)


def test_batch_means_split_an_update_of_one_batch(experiment):
    one, several = (experiment.system.stage(experiment, s) for s in (DIRECT, BATCH_MEAN))
    assert (one.accumulate, several.accumulate) == (1, MICRO_BATCHES)
    assert several.loss_mean == "batch"
    assert several.batch_max_items * MICRO_BATCHES == one.batch_max_items
    assert several.batch_seconds * MICRO_BATCHES == one.batch_seconds


def test_batch_means_keep_an_update_of_several_batches(experiment):
    full = replace(experiment, recipe=RECIPES["full"])
    stage = full.system.stage(full, BATCH_MEAN)
    assert stage == replace(RECIPES["full"].st, loss_mean="batch")


def test_sentence_means_keep_the_batches(experiment):
    stage = experiment.system.stage(experiment, SENTENCE_MEAN)
    assert stage == replace(experiment.recipe.st, loss_mean="sentence")


# ---- objectives ----


def objective(experiment, strategy, model):
    return experiment.system.objective(
        experiment, strategy, model, experiment.system.stage(experiment, strategy)
    )


@pytest.mark.parametrize(
    "name, kind", [("direct", Seq2SeqObjective), ("multitask", MultiTaskObjective)]
)
def test_objectives(experiment, name, kind):
    strategy = STRATEGIES[name]
    found = objective(experiment, strategy, experiment.system.initial_model(experiment, strategy))
    assert type(found) is kind
    assert found.label_smoothing == 0.2
    assert found.prefix_skip_len == 0
    assert found.sentence_mean is False


@pytest.mark.parametrize(
    "switches, field, value",
    [
        (Switches(skip_language_token=True), "prefix_skip_len", 1),
        (Switches(loss_mean="sentence"), "sentence_mean", True),
        (Switches(loss_mean="batch"), "sentence_mean", False),
    ],
)
@pytest.mark.parametrize("name", ["direct", "multitask"])
def test_switches_reach_the_objective(experiment, name, switches, field, value):
    strategy = replace(STRATEGIES[name], switches=switches)
    model = experiment.system.initial_model(experiment, strategy)
    assert getattr(objective(experiment, strategy, model), field) == value


@pytest.mark.parametrize(
    "name",
    [
        "direct, loss without the language token",
        "direct, mean of batch means",
        "direct, mean of sentence means",
    ],
)
def test_switches_of_the_loss_reach_the_training(trained, name):
    plain, other = (trained(s).fit_result.history[0]["loss"] for s in (DIRECT, switched(name)))
    assert other != pytest.approx(plain, rel=1e-4)


# ---- examples and search ----


def test_stripped_text_has_no_capitals_and_no_punctuation():
    assert strip_text("Ka, Iskay ‘Kimsa’!") == "ka iskay kimsa"


def test_mt_stripped_is_trained_and_tested_on_stripped_text(experiment):
    strategy = STRATEGIES["mt_stripped"]
    texts = [e.source_text for e in experiment._examples(strategy, "test")]
    texts += [e.source_text for e in experiment._training_examples(strategy)[0]]
    assert texts == [strip_text(text) for text in texts]


def test_multi_task_systems_are_trained_with_transcripts_and_tested_without(experiment):
    strategy = STRATEGIES["multitask"]
    assert all(e.source_text for e in experiment._training_examples(strategy)[0])
    assert not any(e.source_text for e in experiment._examples(strategy, "test"))


@pytest.mark.parametrize("name, tokens", [("mt", 256), ("nllb", 128)])
def test_nllb_writes_less(experiment, name, tokens):
    full = replace(experiment, recipe=RECIPES["full"])
    assert full.system.search(full, STRATEGIES[name], 5).max_new_tokens == tokens


def test_search_is_the_recipes(experiment):
    search = experiment.system.search(experiment, DIRECT, 3, n_best=2)
    assert (search.beams, search.n_best) == (3, 2)
    assert search.max_new_tokens == experiment.recipe.max_new_tokens


def test_a_system_in_another_cache_names_its_backbone(experiment, tmp_path):
    other = replace(experiment, cache=tmp_path / "again")
    path = other.cache / SYSTEM.card(other, DIRECT)["path"]
    assert path.resolve() == Path(experiment.backbone.path).resolve()


def test_the_system_of_the_registry():
    assert SYSTEM.name == "gmu"
    assert SYSTEM.strategies == STRATEGIES
    assert isinstance(SYSTEM.strategies["direct"], GmuStrategy)
