"""Selection with given scores; a stage evaluates at updates 2, 4 and 6."""

from dataclasses import replace

import pytest
import torch

from lib.training.log import read_listening
from lib.training.selection import Evaluation
from tests.training.cases import STAGE, fit_speech, fresh, weights

pytestmark = pytest.mark.slow  # it trains, or starts processes


def head(model):
    return weights(model)["speech.lm_head.weight"]


@pytest.fixture(scope="module")
def stopped_early(tokenizer, chosen, tmp_path_factory):
    """A training whose second evaluation is the best, with patience 2."""
    stage = replace(STAGE, updates=50, evaluate_every=1, patience=2)
    scores = [1, 5, 4, 3, 2, 1, 0]
    return fit_speech(fresh(tokenizer), chosen, tmp_path_factory.mktemp("early"), stage, scores)


def test_the_best_score_is_kept(stopped_early):
    assert stopped_early.best == 5.0


def test_the_best_update_is_kept(stopped_early):
    assert stopped_early.best_update == 2


def test_patience_ends_training(stopped_early):
    assert stopped_early.updates == 4


def test_the_result_says_that_patience_ended_it(stopped_early):
    assert stopped_early.stopped_by == "patience"


def test_scores_are_in_the_log(stopped_early):
    assert [row["score"] for row in stopped_early.history] == [1, 5, 4, 3]


def test_the_model_has_the_weights_of_the_best_update(tokenizer, chosen, tmp_path):
    best, short = fresh(tokenizer), fresh(tokenizer)
    constant = replace(STAGE, schedule="constant")
    fit_speech(best, chosen, tmp_path / "best", constant, scores=[5, 4, 3])
    fit_speech(short, chosen, tmp_path / "short", replace(constant, updates=2))
    assert torch.equal(head(best), head(short))


@pytest.fixture(scope="module")
def trainings(tokenizer, chosen, tmp_path_factory):
    """Results and models of trainings with given scores; the fourth is of the average of two."""
    found = {}
    for name, score in (("average is better", 9), ("average is worse", 2)):
        model, folder = fresh(tokenizer), tmp_path_factory.mktemp("average")
        stage = replace(STAGE, average_best=2, learning_rate=1e-2)
        scores = [5, 3, 4, score]
        found[name] = fit_speech(model, chosen, folder, stage, scores), model, folder
    return found


@pytest.mark.parametrize(
    ("name", "best", "best_update"), [("average is better", 9.0, 0), ("average is worse", 5.0, 2)]
)
def test_the_average_is_used_where_it_scores_better(trainings, name, best, best_update):
    result, _, _ = trainings[name]
    assert (result.best, result.best_update) == (best, best_update)


def test_the_averaged_weights_are_in_the_model(trainings):
    average, best = (head(trainings[f"average is {name}"][1]) for name in ("better", "worse"))
    assert not torch.equal(average, best)


@pytest.mark.parametrize("leftover", ["candidates", "checkpoint"])
def test_files_for_resuming_are_deleted(trainings, leftover):
    assert not (trainings["average is better"][2] / leftover).exists()


@pytest.fixture(scope="module")
def heard(tokenizer, chosen, tmp_path_factory):
    """The listening outputs of a training with three evaluations."""
    folder, tries = tmp_path_factory.mktemp("listening"), iter(range(99))

    def evaluate():
        torch.rand(5)  # evaluations must not change later dropout
        return Evaluation(1.0, [(chosen[0], f"try {next(tries)}")])

    result = fit_speech(fresh(tokenizer), chosen, folder, evaluate=evaluate)
    return read_listening(folder), result


def test_outputs_are_logged_at_each_evaluation(heard):
    found = [(output.update, output.hypothesis) for output in heard[0]]
    assert found == [(2, "try 0"), (4, "try 1"), (6, "try 2")]


def test_outputs_are_logged_with_their_reference(heard, chosen):
    assert {output.reference for output in heard[0]} == {chosen[0].target_text}


def test_random_numbers_of_an_evaluation_change_no_training(heard, tokenizer, chosen, tmp_path):
    plain = fit_speech(fresh(tokenizer), chosen, tmp_path)
    losses = [[row["loss"] for row in result.history] for result in (plain, heard[1])]
    assert losses[0] == losses[1]
