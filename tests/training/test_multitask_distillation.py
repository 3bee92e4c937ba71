"""GMU's three losses in one objective: their sum, gradients and dropout."""

import dataclasses

import pytest
import torch

from lib.data.batch import IGNORED
from lib.tasks import ST, examples
from lib.training.multitask_distillation import (
    MultiTask,
    MultiTaskObjective,
    distillation_loss,
    dropout_off,
)
from lib.training.objectives import Seq2SeqObjective, label_smoothed_nll
from lib.training.stages import freeze, train_mode
from tests.training.cases import without_dropout

NOTHING = {"st": 0.0, "mt": 0.0, "kd": 0.0}


@pytest.fixture
def batch(collate, corpus):
    return collate(examples(corpus.split("train", "est"), ST, "eng", transcripts=True)[:3])


def objective(model, losses=MultiTask(), **options):
    return MultiTaskObjective(model, losses, 0.2, **options)


# ---- the weighted sum ----


def alone(model, name, batch, **options):
    """The loss with a weight of 1 for one of the three losses, and 0 for the others."""
    return objective(model, MultiTask(**NOTHING | {name: 1.0}), **options)(batch)


def test_default_weights_are_gmus():
    weights = dataclasses.asdict(MultiTask())
    assert [weights[name] for name in ("st", "mt", "kd")] == [1, 1, 2]


@pytest.mark.parametrize("sentence_mean", [False, True])
def test_the_objective_is_the_weighted_sum(model, batch, sentence_mean):
    without_dropout(model)
    st, mt, kd = (
        alone(model, name, batch, sentence_mean=sentence_mean).total.item()
        for name in ("st", "mt", "kd")
    )
    total = objective(model, sentence_mean=sentence_mean)(batch).total.item()
    assert total == pytest.approx(st + mt + 2 * kd, rel=1e-5)


def test_st_is_the_loss_from_speech(model, batch):
    without_dropout(model)
    expected = Seq2SeqObjective(model, 0.2)(batch).total.item()
    assert alone(model, "st", batch).total.item() == pytest.approx(expected, rel=1e-5)


def test_mt_is_the_loss_from_text(model, batch):
    without_dropout(model)
    expected = Seq2SeqObjective(model, 0.2)(batch.without_speech()).total.item()
    assert alone(model, "mt", batch).total.item() == pytest.approx(expected, rel=1e-5)


def test_kd_is_the_divergence_of_speech_from_text(model, batch):
    without_dropout(model)
    student, teacher = model.logits(batch), model.logits(batch.without_speech())
    expected = distillation_loss(student, teacher, batch.labels).total.item()
    assert alone(model, "kd", batch).total.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("skip", [0, 1])
def test_tokens_are_counted_once(model, batch, skip):
    real = int((batch.labels != IGNORED).sum())
    loss = objective(model, prefix_skip_len=skip)(batch)
    assert loss.count == real - skip * len(batch.examples)


def test_sentences_are_counted_for_sentence_means(model, batch):
    assert objective(model, sentence_mean=True)(batch).count == len(batch.examples)


def test_the_language_token_is_skipped_in_every_loss(model, batch):
    without_dropout(model)
    student, teacher = model.logits(batch), model.logits(batch.without_speech())
    first = torch.full_like(batch.labels, IGNORED)
    first[:, 0] = batch.labels[:, 0]
    expected = (
        label_smoothed_nll(student, first, 0.2).total
        + label_smoothed_nll(teacher, first, 0.2).total
        + 2 * distillation_loss(student, teacher, first).total
    )
    with_token, without = (objective(model, prefix_skip_len=skip)(batch) for skip in (0, 1))
    difference = (with_token.total - without.total).item()
    assert difference == pytest.approx(expected.item(), rel=1e-3)


# ---- gradients ----


def text_encoder_gradient(model, batch, **losses):
    """The sum of the gradient in the text encoder, which only the teacher's pass goes through."""
    model.separate_text_embeddings()
    model.zero_grad()
    objective(model, MultiTask(**losses))(batch).total.backward()
    gradients = [p.grad for p in model.text_encoder.parameters() if p.grad is not None]
    return sum(gradient.abs().sum().item() for gradient in gradients)


def test_no_gradient_reaches_the_teacher_through_kd(model, batch):
    assert text_encoder_gradient(model, batch, st=1, mt=0, kd=2) == 0


@pytest.mark.parametrize(
    "losses", [{"st": 0, "mt": 1, "kd": 0}, {"st": 0, "mt": 0, "kd": 2, "stop_teacher": False}]
)
def test_a_gradient_reaches_the_teacher(model, batch, losses):
    assert text_encoder_gradient(model, batch, **losses) > 0


def test_the_teachers_gradient_is_that_of_mt_alone(model, batch):
    together = text_encoder_gradient(model, batch)
    mt = text_encoder_gradient(model, batch, st=0, mt=1, kd=0)
    assert together == pytest.approx(mt, rel=1e-4)


def decoder_gradient(model, batch, **options):
    model.zero_grad()
    objective(model, MultiTask(st=0, mt=0, kd=1, **options))(batch).total.backward()
    return model.speech.text_decoder.layers[0].ffn.fc1.weight.grad.clone()


@pytest.mark.parametrize("stop_teacher, equal", [(True, True), (False, False)])
def test_kl_and_cross_entropy_have_one_gradient_if_the_teacher_is_stopped(
    model, batch, stop_teacher, equal
):
    without_dropout(model)
    kl, xent = (
        decoder_gradient(model, batch, divergence=divergence, stop_teacher=stop_teacher)
        for divergence in ("KL", "XENT")
    )
    tolerance = 1e-6 if equal else 1e-4
    assert torch.allclose(kl, xent, atol=tolerance) is equal


# ---- dropout ----


def teacher_logits(model, batch, losses):
    """The logits of the teacher in two calls; each call computes the student's first."""
    computed, logits = [], model.logits

    def remember(given):
        computed.append(logits(given))
        return computed[-1]

    model.logits = remember
    try:
        for _ in range(2):
            objective(model, losses)(batch)
    finally:
        del model.logits
    return computed[1::2]


def test_the_teacher_has_dropout(model, batch):
    train_mode(model)
    first, second = teacher_logits(model, batch, MultiTask(mt=0))
    assert not torch.equal(first, second)


def test_the_teachers_dropout_can_be_switched_off(model, batch):
    train_mode(model)
    first, second = teacher_logits(model, batch, MultiTask(mt=0, teacher_dropout=False))
    assert torch.equal(first, second)
    assert not first.requires_grad


def test_a_teacher_that_is_not_stopped_has_a_gradient_without_dropout(model, batch):
    losses = MultiTask(mt=0, teacher_dropout=False, stop_teacher=False)
    assert teacher_logits(model, batch, losses)[0].requires_grad


def test_dropout_off_restores_each_modules_mode(model):
    model.train()
    model.speech.speech_encoder.eval()
    before = [module.training for module in model.modules()]
    with dropout_off(model):
        assert not any(module.training for module in model.modules())
    assert [module.training for module in model.modules()] == before


def test_dropout_comes_back_after_an_error(model):
    model.train()
    with pytest.raises(RuntimeError), dropout_off(model):
        raise RuntimeError
    assert model.speech.text_decoder.training


# ---- the frozen text encoder ----


def test_a_frozen_text_encoder_keeps_its_embeddings_while_the_decoder_learns(model, batch):
    model.separate_text_embeddings()
    training = objective(model)
    freeze(training, ("text_encoder",))
    train_mode(training)
    text, shared = model.text_encoder.embed_tokens.weight, model.speech.shared.weight
    text_before, shared_before = text.detach().clone(), shared.detach().clone()
    optimizer = torch.optim.SGD([p for p in training.parameters() if p.requires_grad], 0.1)
    training(batch).total.backward()
    optimizer.step()
    assert torch.equal(text, text_before)
    assert not torch.equal(shared, shared_before)


def test_a_frozen_text_encoder_has_no_dropout(model):
    training = objective(model)
    model.separate_text_embeddings()
    freeze(training, ("text_encoder",))
    train_mode(training)
    assert not model.text_encoder.training
    assert model.speech.text_decoder.training


# ---- errors ----


@pytest.mark.parametrize(
    "options, message",
    [
        ({"kd": -1}, "must be 0 or more"),
        (NOTHING, "one above 0"),
        ({"temperature": 0}, "above 0"),
        ({"divergence": "L2"}, "known are KL, XENT"),
    ],
)
def test_wrong_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        MultiTask(**options)


def test_batches_without_transcripts_are_refused(model, collate, corpus):
    batch = collate(examples(corpus.split("train", "est"), ST, "eng")[:2])
    with pytest.raises(ValueError, match="transcripts=True"):
        objective(model)(batch)
