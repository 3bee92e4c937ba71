import math

import pytest
import torch
import torch.nn.functional as F

from lib.tasks import Task, examples
from lib.training.objectives import CtcObjective, Seq2SeqObjective, label_smoothed_nll


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("skip", [0, 1])
def test_label_smoothing_against_the_formula_in_float64(smoothing, skip):
    torch.manual_seed(0)
    logits = torch.randn(3, 5, 11)
    labels = torch.randint(0, 11, (3, 5))
    labels[0, 3:] = labels[2, 4:] = -100
    total, count = 0.0, 0
    for row in range(3):
        for index in range(skip, 5):
            if labels[row, index] == -100:
                continue
            p = logits[row, index].double()
            logs = p - torch.logsumexp(p, 0)
            target = torch.full((11,), smoothing / 11, dtype=torch.float64)
            target[labels[row, index]] += 1 - smoothing
            total, count = total - (target * logs).sum().item(), count + 1
    loss = label_smoothed_nll(logits, labels, smoothing, skip)
    assert loss.count == count and loss.total.item() == pytest.approx(total, rel=1e-5)
    if not skip:  # and PyTorch's own
        theirs = F.cross_entropy(
            logits.reshape(-1, 11), labels.reshape(-1), ignore_index=-100, label_smoothing=smoothing, reduction="sum"
        )
        assert loss.total.item() == pytest.approx(theirs.item(), rel=1e-5)


def test_gmus_constants():
    """As GMU's log has it: with V = 256,102 the gold class is given 0.8000008 and every other 7.809e-7."""
    logits = torch.zeros(1, 1, 256_102)
    loss = label_smoothed_nll(logits, torch.zeros(1, 1, dtype=torch.long), 0.2)
    assert loss.total.item() == pytest.approx(math.log(256_102), rel=1e-5)
    assert 0.2 / 256_102 == pytest.approx(7.809e-7, rel=1e-3)


def test_loss_of_parts_adds_up_to_the_loss_of_the_batch(model, collate, corpus):
    chosen = examples(corpus.split("train", "est"), Task.ST, "eng")[:4]
    objective = Seq2SeqObjective(model, 0.2)
    whole = objective(collate(chosen))
    parts = [objective(collate([example])) for example in chosen]
    assert whole.count == sum(part.count for part in parts)
    assert whole.total.item() == pytest.approx(sum(part.total.item() for part in parts), rel=1e-4)


def test_ctc_learns_to_spell_one_batch(model, collate, corpus):
    chosen = examples(corpus.split("train", "eng"), Task.ASR)[:2]
    objective = CtcObjective(model, "".join(sorted({c for e in chosen for c in e.target_text.lower()})))
    batch, optimizer = collate(chosen), torch.optim.Adam(objective.parameters(), 3e-3)
    for _ in range(150):
        optimizer.zero_grad()
        (objective(batch).total / 40).backward()
        optimizer.step()
    assert objective.read(batch) == [e.target_text.lower() for e in chosen]


def test_transcripts_too_long_for_ctc_are_named(model, collate, corpus):
    from dataclasses import replace

    example = examples(corpus.split("train", "eng"), Task.ASR)[0]
    objective = CtcObjective(model, "abcdefghijklmnopqrstuvwxyz ")
    objective(collate([example, replace(example, id="endless", target_text="a" * 400)]))
    assert objective.too_long == {"endless"}
