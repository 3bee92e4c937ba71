import math

import pytest
import torch
import torch.nn.functional as F

from lib.data.batch import IGNORED
from lib.tasks import MT, ST, examples
from lib.training.encoder_states import EncoderStateCache
from lib.training.objectives import Seq2SeqObjective, TokenLoss, label_smoothed_nll, sum_losses

CLASSES = 11


@pytest.fixture(scope="module")
def logits():
    return torch.randn(3, 5, CLASSES, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def labels():
    """Three sentences of three, five and four tokens."""
    found = torch.randint(0, CLASSES, (3, 5), generator=torch.Generator().manual_seed(1))
    found[0, 3:] = found[2, 4:] = IGNORED
    return found


def reference(logits, labels, smoothing, skip):
    """The losses of each sentence's tokens in float64, written out."""
    sentences = []
    for row in range(len(labels)):
        losses = []
        for index in range(skip, labels.shape[1]):
            if labels[row, index] == IGNORED:
                continue
            log_probabilities = logits[row, index].double().log_softmax(0)
            target = torch.full((CLASSES,), smoothing / CLASSES, dtype=torch.float64)
            target[labels[row, index]] += 1 - smoothing
            losses.append(-(target * log_probabilities).sum().item())
        sentences.append(losses)
    return sentences


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("skip", [0, 1])
def test_label_smoothing_against_the_formula(logits, labels, smoothing, skip):
    losses = sum(reference(logits, labels, smoothing, skip), [])
    loss = label_smoothed_nll(logits, labels, smoothing, skip)
    assert loss.total.item() == pytest.approx(sum(losses), rel=1e-5)
    assert loss.count == len(losses)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("skip", [0, 1])
def test_sentence_means_against_the_formula(logits, labels, smoothing, skip):
    means = [sum(s) / len(s) for s in reference(logits, labels, smoothing, skip)]
    loss = label_smoothed_nll(logits, labels, smoothing, skip, sentence_mean=True)
    assert loss.total.item() == pytest.approx(sum(means), rel=1e-5)
    assert loss.count == 3


def test_a_sentence_without_tokens_does_not_count(logits, labels):
    empty = labels.clone()
    empty[1] = IGNORED
    loss = label_smoothed_nll(logits, empty, 0.2, sentence_mean=True)
    others = label_smoothed_nll(logits[[0, 2]], labels[[0, 2]], 0.2, sentence_mean=True)
    assert loss.count == 2
    assert loss.total.item() == pytest.approx(others.total.item(), rel=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_label_smoothing_is_pytorchs(logits, labels, smoothing):
    reference = F.cross_entropy(
        logits.reshape(-1, CLASSES),
        labels.reshape(-1),
        ignore_index=IGNORED,
        label_smoothing=smoothing,
        reduction="sum",
    )
    loss = label_smoothed_nll(logits, labels, smoothing)
    assert loss.total.item() == pytest.approx(reference.item(), rel=1e-5)


def test_uniform_distribution_over_seamless_vocabulary():
    """GMU's log: of V = 256,102 every class but the gold one is given 7.809e-7."""
    loss = label_smoothed_nll(torch.zeros(1, 1, 256_102), torch.zeros(1, 1).long(), 0.2)
    assert loss.total.item() == pytest.approx(math.log(256_102), rel=1e-5)


def test_smoothing_of_the_other_classes_is_gmus():
    """The gradient of a class that is not gold is its probability minus what it is given."""
    logits = torch.zeros(1, 1, 256_102, dtype=torch.float64, requires_grad=True)
    label_smoothed_nll(logits, torch.zeros(1, 1).long(), 0.2).total.backward()
    given = 1 / 256_102 - logits.grad[0, 0, 5].item()
    # the loss is computed in float32, whose sums over so many classes differ between processors
    assert given == pytest.approx(7.809e-7, rel=3e-3)


@pytest.mark.parametrize(
    "sentence_mean, expected", [(False, TokenLoss(10.0, 4)), (True, TokenLoss(2.0 + 4.0, 2))]
)
def test_sum_losses(sentence_mean, expected):
    losses = torch.tensor([[1.0, 2.0, 3.0], [4.0, 9.0, 9.0]])
    real = torch.tensor([[True, True, True], [True, False, False]])
    total, count = sum_losses(losses, real, sentence_mean)
    assert total.item() == pytest.approx(expected.total)
    assert count == expected.count


@pytest.fixture(scope="module")
def chosen(corpus):
    return examples(corpus.split("train", "est"), ST, "eng")[:4]


@pytest.mark.parametrize("sentence_mean", [False, True])
def test_losses_of_parts_add_up_to_that_of_the_batch(model, collate, chosen, sentence_mean):
    objective = Seq2SeqObjective(model, 0.2, sentence_mean=sentence_mean)
    together = objective(collate(chosen))
    parts = [objective(collate([example])) for example in chosen]
    total = sum(part.total.item() for part in parts)
    assert together.count == sum(part.count for part in parts)
    assert together.total.item() == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize("sentence_mean", [False, True])
@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("task", [ST, MT], ids=["speech", "text"])
def test_objective_is_the_loss_of_the_models_logits(
    model, collate, corpus, task, skip, sentence_mean
):
    batch = collate(examples(corpus.split("train", "est"), task, "eng")[:3])
    objective = Seq2SeqObjective(model, 0.2, skip, sentence_mean)
    reference = label_smoothed_nll(model.logits(batch), batch.labels, 0.2, skip, sentence_mean)
    loss = objective(batch)
    assert loss.count == reference.count
    assert loss.total.item() == pytest.approx(reference.total.item(), rel=1e-6)


def test_cached_states_are_used(model, collate, chosen, tmp_path):
    cache = EncoderStateCache(tmp_path, model)
    Seq2SeqObjective(model, 0.2, state_cache=cache)(collate(chosen))
    assert cache.computed == len(chosen)


# ---- logits in chunks ----


@pytest.mark.parametrize("skipped, sentence_mean", [(0, False), (1, True)])
def test_loss_and_gradients_in_chunks_are_those_of_all_logits(
    model, collate, chosen, monkeypatch, skipped, sentence_mean
):
    batch = collate(chosen)
    objective = Seq2SeqObjective(model, 0.2, skipped, sentence_mean)

    def loss_and_gradients():
        model.zero_grad(set_to_none=True)
        total, count = objective(batch)
        total.backward()
        return total.item(), count, {n: p.grad for n, p in model.named_parameters()}

    whole = loss_and_gradients()
    monkeypatch.setattr("lib.training.objectives.MAX_LOGITS", 3 * model.vocabulary_size)
    total, count, gradients = loss_and_gradients()
    assert (total, count) == (pytest.approx(whole[0], rel=1e-6), whole[1])
    expected = {name: gradient for name, gradient in whole[2].items() if gradient is not None}
    assert {name for name, gradient in gradients.items() if gradient is not None} == expected.keys()
    largest = max(gradient.abs().max().item() for gradient in expected.values())
    for name, gradient in expected.items():
        assert torch.allclose(gradients[name], gradient, rtol=1e-4, atol=1e-6 * largest), name


def test_never_more_logits_at_once_than_the_limit(model, collate, chosen, monkeypatch):
    made, head = [], model.head

    def counted(states):
        made.append(len(states))
        return head(states)

    monkeypatch.setattr(model, "head", counted)
    monkeypatch.setattr("lib.training.objectives.MAX_LOGITS", 3 * model.vocabulary_size)
    batch = collate(chosen)
    real = int((batch.labels != IGNORED).sum())
    total, count = Seq2SeqObjective(model, 0.0)(batch)
    assert max(made) == 3 and sum(made) == count == real  # padding has no logits
    total.backward()
    assert sum(made) == 2 * real  # once more, in the backward pass
