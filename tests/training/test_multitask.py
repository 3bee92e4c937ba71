"""Distillation against the formulas in float64, and where its gradients go."""

import dataclasses
import math

import pytest
import torch

from lib.tasks import Task, examples
from lib.training.multitask import MultiTask, MultiTaskObjective, distillation
from lib.training.objectives import Seq2SeqObjective, label_smoothed_nll
from lib.training.stages import freeze, train_mode
from tests.training.cases import without_dropout


@pytest.fixture
def batch(collate, corpus):
    return collate(examples(corpus.split("train", "est"), Task.ST, "eng", transcripts=True)[:3])


def reference(student, teacher, labels, temperature, divergence, skip):
    """The sums written out, a token and a class at a time."""
    total, count = 0.0, 0
    for row in range(labels.shape[0]):
        for index in range(skip, labels.shape[1]):
            if labels[row, index] == -100:
                continue
            s, t = (logits[row, index].double() / temperature for logits in (student, teacher))
            log_s, log_t = s - torch.logsumexp(s, 0), t - torch.logsumexp(t, 0)
            for v in range(len(s)):
                p = math.exp(log_t[v])
                total += p * (float(log_t[v]) - float(log_s[v])) if divergence == "KL" else -p * float(log_s[v])
            count += 1
    return temperature**2 * total, count


@pytest.mark.parametrize("divergence", ["KL", "XENT"])
@pytest.mark.parametrize("temperature", [1.0, 2.5])
@pytest.mark.parametrize("skip", [0, 1])
def test_distillation_against_the_formula_in_float64(divergence, temperature, skip):
    torch.manual_seed(0)
    student, teacher = 3 * torch.randn(2, 4, 7), 3 * torch.randn(2, 4, 7)
    labels = torch.tensor([[1, 2, 3, -100], [4, 5, 6, 0]])
    found = distillation(student, teacher, labels, temperature, divergence, skip)
    total, count = reference(student, teacher, labels, temperature, divergence, skip)
    assert found.count == count and found.total.item() == pytest.approx(total, rel=1e-5)


def test_a_student_that_is_its_teacher_has_nothing_to_learn():
    logits = torch.randn(1, 3, 9)
    assert distillation(logits, logits, torch.tensor([[1, 2, 3]])).total.item() == pytest.approx(0, abs=1e-6)


def test_the_whole_objective_is_the_weighted_sum_of_its_parts(model, batch):
    without_dropout(model)
    weights = dataclasses.asdict(MultiTask())
    alone = {
        name: MultiTaskObjective(model, MultiTask(**{**dict.fromkeys(("st", "mt", "kd"), 0.0), name: 1.0}), 0.2)(batch)
        for name in ("st", "mt", "kd")
    }
    whole = MultiTaskObjective(model, MultiTask(), 0.2)(batch)
    expected = sum(weights[name] * loss.total.item() for name, loss in alone.items())
    assert (weights["st"], weights["mt"], weights["kd"]) == (1, 1, 2)  # GMU's
    assert whole.total.item() == pytest.approx(expected, rel=1e-5)
    # each part against what else computes it
    heard, read = Seq2SeqObjective(model, 0.2)(batch), Seq2SeqObjective(model, 0.2)(batch.reading)
    assert alone["st"].total.item() == pytest.approx(heard.total.item(), rel=1e-5)
    assert alone["mt"].total.item() == pytest.approx(read.total.item(), rel=1e-5)
    assert {loss.count for loss in (whole, heard, read)} == {int((batch.labels != -100).sum())}


def gradient_of_the_teacher(model, batch, losses):
    """The size of what reaches the text encoder, which only the teacher's pass goes through."""
    model.part_embeddings()
    model.zero_grad()
    MultiTaskObjective(model, losses, 0.2)(batch).total.backward()
    reached = [p.grad.abs().sum().item() for p in model.text_encoder.parameters() if p.grad is not None]
    return sum(reached)


def test_gradients_reach_the_teacher_through_mt_and_not_through_kd(model, batch):
    assert gradient_of_the_teacher(model, batch, MultiTask(st=1, mt=0, kd=2)) == 0
    assert gradient_of_the_teacher(model, batch, MultiTask(st=0, mt=1, kd=0)) > 0
    assert gradient_of_the_teacher(model, batch, MultiTask(st=0, mt=0, kd=2, stop_teacher=False)) > 0
    # and the MT term reaches the teacher's logits whatever distillation does with them
    assert gradient_of_the_teacher(model, batch, MultiTask()) == pytest.approx(
        gradient_of_the_teacher(model, batch, MultiTask(st=0, mt=1, kd=0)), rel=1e-4
    )


def test_kl_and_cross_entropy_have_one_gradient_where_the_teacher_is_stopped(model, batch):
    without_dropout(model)

    def gradient(**how):
        model.zero_grad()
        MultiTaskObjective(model, MultiTask(st=0, mt=0, kd=1, **how), 0.0)(batch).total.backward()
        return model.speech.text_decoder.layers[0].ffn.fc1.weight.grad.clone()

    assert torch.allclose(gradient(divergence="KL"), gradient(divergence="XENT"), atol=1e-6)
    free = {"stop_teacher": False}
    assert not torch.allclose(gradient(divergence="KL", **free), gradient(divergence="XENT", **free), atol=1e-4)


def test_the_teacher_has_dropout_unless_it_is_switched_off(model, batch):
    train_mode(model)

    def twice(losses):
        objective = MultiTaskObjective(model, losses, 0.0)
        seen = []
        decode = model.decode
        model.decode = lambda states, mask, prefix: seen.append(decode(states, mask, prefix)) or seen[-1]
        try:
            objective(batch)
            objective(batch)
        finally:
            del model.decode
        return seen[1::2]  # of each call the student is decoded first, then the teacher

    first, second = twice(MultiTask(mt=0))
    assert not torch.equal(first, second)
    first, second = twice(MultiTask(mt=0, teacher_dropout=False))
    assert torch.equal(first, second) and not first.requires_grad
    assert model.speech.text_decoder.training and model.text_encoder.training  # as they were


def test_a_frozen_text_encoder_stays_what_it_was_while_the_decoder_learns(model, batch):
    model.part_embeddings()
    objective = MultiTaskObjective(model, MultiTask(), 0.2)
    freeze(objective, ("text_encoder",))
    train_mode(objective)
    assert not model.text_encoder.training and model.speech.text_decoder.training
    before = model.text_encoder.embed_tokens.weight.clone()
    optimizer = torch.optim.SGD([p for p in objective.parameters() if p.requires_grad], 0.1)
    objective(batch).total.backward()
    optimizer.step()
    assert torch.equal(model.text_encoder.embed_tokens.weight, before)
    assert not torch.equal(model.speech.shared.weight, before)  # the decoder's table, which was the same one


def test_what_cannot_be_is_said():
    for wrong, why in (({"kd": -1}, "negative"), ({"st": 0, "mt": 0, "kd": 0}, "all be 0"), ({"temperature": 0}, "above 0"),
                       ({"divergence": "L2"}, "known are KL, XENT")):  # fmt: skip
        with pytest.raises(ValueError, match=why):
            MultiTask(**wrong)


def test_batches_without_transcripts_are_refused(model, collate, corpus):
    plain = collate(examples(corpus.split("train", "est"), Task.ST, "eng")[:2])
    assert plain.reading is None
    with pytest.raises(ValueError, match="transcripts=True"):
        MultiTaskObjective(model, MultiTask(), 0.2)(plain)


def test_skipping_the_language_token_skips_it_in_every_loss(model, batch):
    without_dropout(model)
    whole, less = (MultiTaskObjective(model, MultiTask(), 0.2, skip=skip)(batch) for skip in (0, 1))
    assert whole.count - less.count == len(batch.examples)
    student = model.decode(*model.encode_speech(batch.speech, batch.mask), batch.prefix)
    read = model.decode(*model.encode_text(batch.reading.text, batch.reading.mask), batch.prefix)
    first = torch.full_like(batch.labels, -100)
    first[:, 0] = batch.labels[:, 0]
    lost = (
        label_smoothed_nll(student, first, 0.2).total
        + label_smoothed_nll(read, first, 0.2).total
        + 2 * distillation(student, read, first).total
    )
    assert (whole.total - less.total).item() == pytest.approx(lost.item(), rel=1e-3)
