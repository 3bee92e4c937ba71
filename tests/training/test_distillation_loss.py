"""The loss of distillation, against formulas in float64."""

import math

import pytest
import torch

from lib.data.batch import IGNORED
from lib.training.multitask_distillation import distillation_loss


def reference(student, teacher, labels, temperature, divergence, skip):
    """Losses of each sentence's tokens in float64, written out a class at a time."""
    sentences = []
    for row in range(len(labels)):
        losses = []
        for index in range(skip, labels.shape[1]):
            if labels[row, index] == IGNORED:
                continue
            log_s, log_t = (
                (logits[row, index].double() / temperature).log_softmax(0).tolist()
                for logits in (student, teacher)
            )
            entropy = sum(math.exp(t) * t for t in log_t) if divergence == "KL" else 0.0
            cross = -sum(math.exp(t) * s for s, t in zip(log_s, log_t, strict=True))
            losses.append(temperature**2 * (cross + entropy))
        sentences.append(losses)
    return sentences


@pytest.fixture(scope="module")
def logits():
    """Of a student and a teacher."""
    rng = torch.Generator().manual_seed(0)
    return [3 * torch.randn(2, 4, 7, generator=rng) for _ in range(2)]


LABELS = torch.tensor([[1, 2, 3, IGNORED], [4, 5, 6, 0]])


@pytest.mark.parametrize("divergence", ["KL", "XENT"])
@pytest.mark.parametrize("temperature", [1.0, 2.5])
@pytest.mark.parametrize("skip", [0, 1])
def test_distillation_against_the_formula(logits, divergence, temperature, skip):
    options = (temperature, divergence, skip)
    losses = sum(reference(*logits, LABELS, *options), [])
    loss = distillation_loss(*logits, LABELS, *options)
    assert loss.total.item() == pytest.approx(sum(losses), rel=1e-5)
    assert loss.count == len(losses)


@pytest.mark.parametrize("divergence", ["KL", "XENT"])
@pytest.mark.parametrize("skip", [0, 1])
def test_sentence_means_against_the_formula(logits, divergence, skip):
    options = (2.5, divergence, skip)
    means = [sum(s) / len(s) for s in reference(*logits, LABELS, *options)]
    loss = distillation_loss(*logits, LABELS, *options, sentence_mean=True)
    assert loss.total.item() == pytest.approx(sum(means), rel=1e-5)
    assert loss.count == 2


def test_the_gradient_of_sentence_means(logits):
    student = logits[0].double().requires_grad_()
    teacher = logits[1].double()
    assert torch.autograd.gradcheck(
        lambda given: distillation_loss(
            given.float(), teacher.float(), LABELS, sentence_mean=True
        ).total.double(),
        (student,),
        eps=1e-2,
        atol=1e-2,
    )


def test_a_student_equal_to_its_teacher_has_no_divergence(logits):
    same, labels = logits[0], LABELS
    assert distillation_loss(same, same, labels).total.item() == pytest.approx(0, abs=1e-5)
