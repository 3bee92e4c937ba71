"""The loss, and the defects of the released code that its switches bring back."""

import pytest
import torch

from lib.data.batch import IGNORED
from lib.data.collate import Collator
from lib.systems.it_ist.objective import InstructionObjective, without_first
from lib.training.objectives import Seq2SeqObjective


@pytest.fixture(scope="module")
def batch(it_ist, untrained):
    """Three clips with targets of unequal length."""
    given, _ = it_ist._training_examples(it_ist.strategy("align"))
    given = sorted(given, key=lambda e: len(e.target_text))
    return Collator(untrained, untrained.feature_extractor(30.0))([given[0], given[8], given[-1]])


def gradient_of_logits(model, batch, monkeypatch, **switches):
    """The gradient of the loss at each position of the labels."""
    logits = model.logits(batch).detach().requires_grad_()
    monkeypatch.setattr(model, "head", lambda _: logits)
    InstructionObjective(model, **switches)(batch).total.backward()
    return logits.grad.abs().sum(-1) > 0


def first_positions(batch):
    wanted = batch.labels != IGNORED
    return wanted & (wanted.cumsum(1) == 1)


def test_every_target_token_is_learnt_and_nothing_else(untrained, batch, monkeypatch):
    found = gradient_of_logits(untrained, batch, monkeypatch)
    assert torch.equal(found, batch.labels != IGNORED)


def test_the_first_target_token_of_a_single_example_is_learnt(it_ist, untrained, monkeypatch):
    """In the released code it is lost in every batch of one."""
    given, _ = it_ist._training_examples(it_ist.strategy("align"))
    batch = Collator(untrained, untrained.feature_extractor(30.0))(given[:1])
    found = gradient_of_logits(untrained, batch, monkeypatch)
    assert found[first_positions(batch)].all()


def test_the_switch_takes_the_first_token_alone(untrained, batch, monkeypatch):
    found = gradient_of_logits(untrained, batch, monkeypatch, first_token_unsupervised=True)
    assert not found[first_positions(batch)].any()
    assert torch.equal(found, (batch.labels != IGNORED) & ~first_positions(batch))


@torch.no_grad()
def test_without_switches_it_is_the_plain_loss(untrained, batch):
    plain, found = Seq2SeqObjective(untrained, 0.0)(batch), InstructionObjective(untrained)(batch)
    assert torch.equal(plain.total, found.total)
    assert plain.count == found.count == int((batch.labels != IGNORED).sum())


@torch.no_grad()
def test_the_first_token_is_not_counted_either(untrained, batch):
    whole = InstructionObjective(untrained)(batch)
    found = InstructionObjective(untrained, first_token_unsupervised=True)(batch)
    assert found.count == whole.count - len(batch.labels)
    lost = untrained.logits(batch).log_softmax(-1)[first_positions(batch)]
    lost = -lost.gather(1, batch.labels[first_positions(batch)].unsqueeze(1)).sum()
    assert found.total.item() == pytest.approx((whole.total - lost).item(), rel=1e-4)


@torch.no_grad()
def test_counted_padding_divides_the_loss_by_exactly_its_share(untrained, batch):
    whole = InstructionObjective(untrained)(batch)
    found = InstructionObjective(untrained, pads_counted=True)(batch)
    lengths = (batch.labels != IGNORED).sum(1)
    assert found.count == int(lengths.max()) * len(lengths) > whole.count
    assert torch.equal(found.total, whole.total)
    ratio = (found.total / found.count) / (whole.total / whole.count)
    assert ratio.item() == pytest.approx(whole.count / found.count)


@torch.no_grad()
def test_in_a_batch_of_one_no_padding_is_counted(it_ist, untrained):
    given, _ = it_ist._training_examples(it_ist.strategy("align"))
    batch = Collator(untrained, untrained.feature_extractor(30.0))(given[:1])
    one, other = (
        InstructionObjective(untrained, pads_counted=pads)(batch).count for pads in (False, True)
    )
    assert one == other


def test_without_first():
    labels = torch.tensor([[IGNORED, 4, 5, 6], [7, IGNORED, IGNORED, IGNORED], [IGNORED] * 4])
    assert without_first(labels).tolist() == [
        [IGNORED, IGNORED, 5, 6],
        [IGNORED] * 4,
        [IGNORED] * 4,
    ]
