from dataclasses import replace

import pytest
import torch

from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.training.lr_finder import LearningRateSearch, find_learning_rate
from lib.training.objectives import Seq2SeqObjective
from tests.training.cases import STAGE, fit_speech, fresh, weights

pytestmark = pytest.mark.slow  # it trains, or starts processes

SLOW = replace(STAGE, updates=40, warmup_updates=5, schedule="constant", evaluate_every=0)


@pytest.fixture(scope="module")
def search(tokenizer, chosen):
    """A search of 50 updates; the model's weights and torch's state before and after."""
    model = fresh(tokenizer)
    before = weights(model), torch.get_rng_state()
    collate = Collator(model, FbankExtractor(model.stack))
    found = find_learning_rate(
        Seq2SeqObjective(model, 0.0), SLOW, chosen, collate, seed=1, updates=50
    )
    return found, before, (weights(model), torch.get_rng_state())


def test_weights_are_as_before(search):
    _, before, after = search
    assert all(torch.equal(tensor, after[0][name]) for name, tensor in before[0].items())


def test_random_numbers_are_as_before(search):
    _, before, after = search
    assert torch.equal(before[1], after[1])


def test_rates_rise_by_a_constant_factor(search):
    rates = search[0].rates
    assert rates[2] / rates[1] == pytest.approx(rates[1] / rates[0])


def test_the_suggestion_lies_below_divergence(search):
    found = search[0]
    assert found.rates[0] < found.suggestion < (found.diverged_at or found.rates[-1])


def test_a_model_learns_at_the_suggested_rate(search, tokenizer, chosen, tmp_path):
    stage = replace(SLOW, learning_rate=search[0].suggestion)
    history = fit_speech(fresh(tokenizer), chosen, tmp_path, stage, evaluate=None).history
    losses = [row["loss"] for row in history]
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])


@pytest.mark.parametrize(
    ("smoothed", "diverged"), [([2.0, 1.0, 4.1], 0.3), ([2.0, 1.0, 3.9], None)]
)
def test_divergence_is_four_times_the_least_loss(smoothed, diverged):
    found = LearningRateSearch([0.1, 0.2, 0.3], smoothed, smoothed, 0.1)
    assert found.diverged_at == diverged


def test_an_infinite_loss_is_divergence():
    found = LearningRateSearch([0.1, 0.2], [1.0, float("inf")], [1.0, 1.0], 0.1)
    assert found.diverged_at == 0.2
