import math
from dataclasses import replace

import pytest
import torch

from lib.data.batch import IGNORED
from lib.training.distributed import Ranks
from lib.training.step import DoesNotFit, explain_out_of_memory, take_step
from tests.training.cases import (
    LENGTHS,
    STAGE,
    Unigram,
    cost,
    one_update,
    token_batch,
    token_batches,
)


def expected(loss_mean, batches):
    """The mean written out in float64; returns the loss and its gradient."""
    logits = Unigram().logits
    batch_means, sentence_means, losses = [], [], []
    for batch in batches:
        in_batch = []
        for row in batch.labels:
            in_row = [-logits.log_softmax(0)[label] for label in row[row != IGNORED]]
            sentence_means.append(sum(in_row) / len(in_row))
            in_batch += in_row
        batch_means.append(sum(in_batch) / len(in_batch))
        losses += in_batch
    terms = {"token": losses, "batch": batch_means, "sentence": sentence_means}[loss_mean]
    loss = sum(terms) / len(terms)
    loss.backward()
    return loss.item(), logits.grad


LOSS_MEANS = ("token", "batch", "sentence")


@pytest.fixture(scope="module")
def ranks():
    return Ranks("cpu")


@pytest.mark.parametrize("loss_mean", LOSS_MEANS)
def test_loss_is_the_mean_of_the_formula(loss_mean, ranks):
    step, _ = one_update(loss_mean, ranks, token_batches())
    assert step.loss == pytest.approx(expected(loss_mean, token_batches())[0], rel=1e-12)


@pytest.mark.parametrize("loss_mean", LOSS_MEANS)
def test_gradient_is_that_of_the_formula(loss_mean, ranks):
    _, gradient = one_update(loss_mean, ranks, token_batches())
    wanted = expected(loss_mean, token_batches())[1]
    assert torch.allclose(gradient, wanted, rtol=1e-12, atol=1e-14)


def test_the_three_means_differ():
    losses = {round(expected(loss_mean, token_batches())[0], 6) for loss_mean in LOSS_MEANS}
    assert len(losses) == 3


@pytest.mark.parametrize("loss_mean", LOSS_MEANS)
def test_a_batch_without_usable_audio_does_not_count(loss_mean, ranks):
    step, _ = one_update(loss_mean, ranks, [*token_batches(), None])
    assert step.loss == pytest.approx(expected(loss_mean, token_batches())[0], rel=1e-12)


@pytest.mark.parametrize("loss_mean", LOSS_MEANS)
def test_target_tokens_are_counted_whatever_the_mean(loss_mean, ranks):
    step, _ = one_update(loss_mean, ranks, token_batches())
    assert step.tokens == sum(sum(lengths) for lengths in LENGTHS)


def test_padding_share_is_that_of_the_whole_update(ranks):
    step, _ = one_update("token", ranks, token_batches())
    positions = sum(len(lengths) * max(lengths) for lengths in LENGTHS)
    assert step.padding_share == pytest.approx(1 - step.tokens / positions)


def step_of(model, ranks, clip_norm=None, rate=0.1):
    stage = replace(STAGE, clip_norm=clip_norm)
    optimizer = torch.optim.SGD(model.parameters(), rate)
    return take_step(model, optimizer, token_batches(), stage, ranks, cost)


def test_gradients_are_clipped_to_the_norm(ranks):
    model = Unigram()
    step_of(model, ranks, clip_norm=0.01)
    assert model.logits.grad.norm().item() == pytest.approx(0.01, rel=1e-3)


def test_the_reported_norm_is_that_before_clipping(ranks):
    clipped, plain = (step_of(Unigram(), ranks, clip_norm) for clip_norm in (0.01, None))
    assert clipped.gradient_norm == plain.gradient_norm


@pytest.fixture
def broken(ranks):
    """A model whose loss is infinite, after a step, and the step."""
    model = Unigram()
    with torch.no_grad():
        model.logits[0] = -math.inf
    return model, step_of(model, ranks)


def test_a_step_that_is_not_finite_is_not_taken(broken):
    assert not broken[1].taken


def test_a_step_that_is_not_finite_leaves_the_weights(broken):
    start = Unigram().logits[1:]
    assert torch.equal(broken[0].logits[1:], start)


@pytest.mark.parametrize("asked", ["stop", "save"])
def test_requests_are_returned(asked, ranks):
    model = Unigram()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    request = {asked: True}
    step = take_step(model, optimizer, token_batches(), STAGE, ranks, cost, **request)
    assert getattr(step, asked)


def test_out_of_memory_names_the_example_and_the_remedies():
    batch = token_batch((1, 2, 3))
    batch.examples[1] = replace(batch.examples[1], id="the-costliest")
    message = r"batch of 3, the costliest the-costliest \(cost 13.0\).*batch_seconds \(12\)"
    with pytest.raises(DoesNotFit, match=message):
        with explain_out_of_memory(batch, STAGE, cost):
            torch.empty(1 << 62, dtype=torch.uint8)


def test_other_errors_pass_unchanged():
    with pytest.raises(RuntimeError, match="^something else$"):
        with explain_out_of_memory(token_batch((1,)), STAGE, cost):
            raise RuntimeError("something else")
