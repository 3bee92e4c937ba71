from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from lib.tasks import ASR, examples
from lib.training.ctc import BLANK, CtcObjective

LETTERS = "abcdefghijklmnopqrstuvwxyz "


@pytest.fixture(scope="module")
def chosen(corpus):
    return examples(corpus.split("train", "eng"), ASR)[:2]


def test_one_batch_can_be_learnt(model, collate, chosen):
    alphabet = "".join(sorted({char for e in chosen for char in e.target_text.lower()}))
    objective, batch = CtcObjective(model, alphabet, seed=1), collate(chosen)
    optimizer = torch.optim.Adam(objective.parameters(), 3e-3)
    for _ in range(150):
        optimizer.zero_grad()
        (objective(batch).total / 40).backward()
        optimizer.step()
    assert objective.greedy_decode(batch) == [example.target_text.lower() for example in chosen]


def test_loss_is_the_sum_over_the_batch(model, collate, chosen):
    objective = CtcObjective(model, LETTERS, seed=1)
    together = objective(collate(chosen))
    alone = [objective(collate([example])) for example in chosen]
    total = sum(loss.total.item() for loss in alone)
    assert together.total.item() == pytest.approx(total, rel=1e-4)
    assert together.count == sum(loss.count for loss in alone)


def test_loss_is_pytorchs(model, collate, chosen):
    objective, batch = CtcObjective(model, LETTERS, seed=1), collate(chosen[:1])
    target = [LETTERS.index(c) + 1 for c in chosen[0].target_text.lower() if c in LETTERS]
    logits, frames = objective.logits(batch)
    reference = F.ctc_loss(
        logits.double().log_softmax(-1).transpose(0, 1),
        torch.tensor([target]),
        frames,
        torch.tensor([len(target)]),
        blank=BLANK,
        reduction="sum",
    )
    loss = objective(batch)
    assert loss.total.item() == pytest.approx(reference.item(), rel=1e-5)
    assert loss.count == len(target)


def test_characters_outside_the_alphabet_are_left_out(model, collate, chosen):
    objective = CtcObjective(model, "abc", seed=1)
    marked = replace(chosen[0], target_text="A-b!c")
    assert objective(collate([marked])).count == 3


@pytest.mark.parametrize("text, too_long", [("a" * 400, True), ("a", False)])
def test_transcripts_with_more_characters_than_frames_are_named(
    model, collate, chosen, text, too_long
):
    objective = CtcObjective(model, LETTERS, seed=1)
    objective(collate([replace(chosen[0], id="long", target_text=text)]))
    assert ("long" in objective.too_long) is too_long


def test_blanks_between_equal_characters_count(model, collate, chosen):
    objective = CtcObjective(model, LETTERS, seed=1)
    frames = int(collate(chosen[:1]).speech_mask.sum())
    fitting, repeated = "ab" * (frames // 2), "a" * (frames // 2 + 2)
    for id, text in (("fitting", fitting), ("repeated", repeated)):
        objective(collate([replace(chosen[0], id=id, target_text=text)]))
    assert objective.too_long == {"repeated"}


def test_a_transcript_that_is_too_long_has_no_loss(model, collate, chosen):
    objective = CtcObjective(model, LETTERS, seed=1)
    loss = objective(collate([replace(chosen[0], target_text="a" * 400)]))
    assert loss.total.item() == 0


def test_initial_weights_depend_on_the_seed_alone(model):
    weights = []
    for state, seed in ((1, 5), (2, 5), (1, 6)):
        torch.manual_seed(state)  # torch's own seed differs from process to process
        weights.append(CtcObjective(model, LETTERS, seed=seed).output.weight)
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
