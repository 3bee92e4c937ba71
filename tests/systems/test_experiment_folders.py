"""Folders of systems: a hash of everything that decides the weights, and of nothing else."""

from dataclasses import replace

import pytest

from lib.systems.gmu.strategies import MULTITASK_ABLATION, STRATEGIES, SWITCHES, switched
from tests.systems.cases import changed_recipe

pytestmark = pytest.mark.slow  # it trains a backbone

DIRECT = STRATEGIES["direct"]


def test_each_strategy_has_its_own_folder(experiment):
    strategies = [*STRATEGIES.values(), *MULTITASK_ABLATION, *map(switched, SWITCHES)]
    assert len({experiment.folder(strategy) for strategy in strategies}) == len(strategies)


def folder_hash(experiment, strategy):
    return experiment.folder(strategy).name.split("-")[-1]


def test_the_name_does_not_decide_the_weights(experiment):
    renamed = replace(DIRECT, name="another name")
    assert folder_hash(experiment, renamed) == folder_hash(experiment, DIRECT)
    assert experiment.folder(renamed) != experiment.folder(DIRECT)


def test_the_seed_decides_the_weights(experiment):
    other = replace(experiment, seed=2)
    assert folder_hash(other, DIRECT) != folder_hash(experiment, DIRECT)


def test_the_corpus_decides_the_weights(experiment):
    other = experiment.with_corpus(replace(experiment.corpus, hash="other"))
    assert folder_hash(other, DIRECT) != folder_hash(experiment, DIRECT)


def test_directions_decide_the_weights(experiment):
    other = replace(experiment, directions=(("que", "eng"),))
    assert folder_hash(other, DIRECT) != folder_hash(experiment, DIRECT)


@pytest.mark.parametrize("name, same", [("asr_init", False), ("direct", True), ("mt", True)])
def test_the_training_of_a_start_decides_what_starts_from_it(experiment, name, same):
    longer = changed_recipe(experiment, asr=replace(experiment.recipe.asr, updates=3))
    strategy = STRATEGIES[name]
    assert (longer.folder(strategy) == experiment.folder(strategy)) is same


@pytest.mark.parametrize(
    "changes, same",
    [
        ({"recompute": True}, True),
        ({"save_every_seconds": 1.0}, True),
        ({"learning_rate": 1e-4}, False),
        ({"frozen": ("adapter",)}, False),
    ],
)
def test_how_a_stage_runs_does_not_decide_the_weights(experiment, changes, same):
    other = changed_recipe(experiment, st=replace(experiment.recipe.st, **changes))
    assert (other.folder(DIRECT) == experiment.folder(DIRECT)) is same


@pytest.mark.parametrize(
    "changes, same",
    [
        ({"selection_utterances": 3}, False),
        ({"selection_metric": "BLEU"}, False),
        ({"max_new_tokens": 8}, False),
        ({"max_train_seconds": 20.0}, False),
        ({"beams": 2}, True),
        ({"max_test_seconds": 20.0}, True),
        ({"official_max_seconds": 1.0}, True),
        ({"hf_max_seconds": 1.0}, True),
    ],
)
def test_fields_of_the_recipe_that_decide_the_weights(experiment, changes, same):
    other = changed_recipe(experiment, **changes)
    assert (other.folder(DIRECT) == experiment.folder(DIRECT)) is same
