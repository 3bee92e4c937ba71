"""Splicing, against a reference that joins one row at a time."""

import itertools
import random

import pytest
import torch

from lib.data.batch import IGNORED, lengths_mask
from lib.models.speech_lm.splice import ATTENTIONS, BIDIRECTIONAL, CAUSAL, attention_mask, splice

WIDTH = 3
SIDES = ("right", "left")


def case(speech_lengths, prompt_lengths, target_lengths, seed=0):
    """Arguments of `splice`, padded on the right with numbers that must not be used."""
    rng = torch.Generator().manual_seed(seed)
    token_lengths = [p + t for p, t in zip(prompt_lengths, target_lengths, strict=True)]
    rows, tokens = len(token_lengths), max(token_lengths)
    states = max(speech_lengths)
    speech_mask = (torch.arange(states) < torch.tensor(speech_lengths).unsqueeze(1)).long()
    labels = torch.full((rows, tokens), IGNORED)
    for row, (prompt, length) in enumerate(zip(prompt_lengths, token_lengths, strict=True)):
        # the label of the last prompt token is the first target token
        labels[row, max(prompt - 1, 0) : length] = torch.arange(
            1000 * row, 1000 * row + length - max(prompt - 1, 0)
        )
    return {
        "speech": torch.randn(rows, states, WIDTH, generator=rng),
        "speech_mask": speech_mask,
        "tokens": torch.randn(rows, tokens, WIDTH, generator=rng),
        "tokens_mask": lengths_mask(token_lengths),
        "labels": labels,
    }


def reference(given, padding):
    """Embeddings, labels, mask, is_speech and positions, row by row in plain Python."""
    rows = []
    for row in range(len(given["tokens"])):
        states = int(given["speech_mask"][row].sum()) if given["speech"] is not None else 0
        tokens = int(given["tokens_mask"][row].sum())
        rows.append(
            [(given["speech"][row, i].tolist(), IGNORED, 1, True) for i in range(states)]
            + [
                (given["tokens"][row, i].tolist(), int(given["labels"][row, i]), 1, False)
                for i in range(tokens)
            ]
        )
    longest = max(map(len, rows))
    found = []
    for row in rows:
        empty = [(None, IGNORED, 0, False)] * (longest - len(row))
        padded = [*empty, *row] if padding == "left" else [*row, *empty]
        first = len(empty) if padding == "left" else 0
        found.append((padded, [max(0, min(i - first, len(row) - 1)) for i in range(longest)]))
    return found


def check(given, padding):
    """A splice is what the reference says, and its tokens are where it says they are."""
    found = splice(**given, padding=padding)
    expected = reference(given, padding)
    assert found.embeddings.shape[1] == len(expected[0][0])
    for row, (positions, numbers) in enumerate(expected):
        for at, (values, label, real, is_speech) in enumerate(positions):
            assert found.labels[row, at] == label
            assert found.mask[row, at] == real
            assert found.is_speech[row, at] == is_speech
            if real:
                assert found.embeddings[row, at].tolist() == values
                assert found.position_ids[row, at] == numbers[at]
        for token in range(int(given["tokens_mask"][row].sum())):
            at = int(found.token_positions[row, token])
            assert torch.equal(found.embeddings[row, at], given["tokens"][row, token])
    assert found.token_positions.min() >= 0
    assert found.token_positions.max() < found.embeddings.shape[1]


@pytest.mark.parametrize("padding", SIDES)
@pytest.mark.parametrize("rows", [1, 2])
def test_every_combination_of_lengths(rows, padding):
    shapes = list(itertools.product((0, 1, 3), (1, 2), (0, 1, 2)))  # speech, prompt, target
    for combination in itertools.product(shapes, repeat=rows):
        check(case(*zip(*combination, strict=True)), padding)


@pytest.mark.parametrize("padding", SIDES)
def test_random_batches(padding):
    for seed in range(60):
        rng = random.Random(seed)
        count = rng.randint(1, 5)
        lengths = [(rng.randint(0, 9), rng.randint(1, 4), rng.randint(0, 6)) for _ in range(count)]
        check(case(*zip(*lengths, strict=True), seed=seed), padding)


@pytest.mark.parametrize("padding", SIDES)
def test_a_batch_is_its_rows_one_by_one(padding):
    for seed in range(30):
        rng = random.Random(seed)
        count = rng.randint(2, 5)
        lengths = [(rng.randint(0, 7), rng.randint(1, 3), rng.randint(0, 5)) for _ in range(count)]
        given = case(*zip(*lengths, strict=True), seed=seed)
        together = splice(**given, padding=padding)
        for row, (states, prompt, target) in enumerate(lengths):
            ends = {"speech": states, "tokens": prompt + target}
            one = {
                n: v[row : row + 1, : ends[n.split("_")[0]]]
                for n, v in given.items()
                if n != "labels"
            }
            one["labels"] = given["labels"][row : row + 1, : ends["tokens"]]
            alone = splice(**one, padding=padding)
            real = together.mask[row].bool()
            assert real.sum() == alone.mask.sum() == alone.mask.shape[1]
            for name in ("embeddings", "labels", "position_ids", "is_speech"):
                assert torch.equal(getattr(together, name)[row][real], getattr(alone, name)[0])


def test_the_row_of_a_small_example():
    given = case([2, 1], [1, 2], [2, 0])
    found = splice(**given)
    assert found.mask.tolist() == [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]
    assert found.is_speech.int().tolist() == [[1, 1, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert found.position_ids[0].tolist() == [0, 1, 2, 3, 4]
    assert found.position_ids[1, :3].tolist() == [0, 1, 2]
    assert found.labels[0].tolist() == [IGNORED, IGNORED, 0, 1, 2]
    assert found.token_positions.tolist()[0] == [2, 3, 4]


def test_padding_on_the_left_ends_each_row_at_the_same_position():
    found = splice(**case([5, 0, 2], [1, 2, 1], [1, 0, 0]), padding="left")
    assert found.mask[:, -1].tolist() == [1, 1, 1]
    assert found.position_ids[:, -1].tolist() == [6, 1, 2]
    assert found.mask.sum(1).tolist() == [7, 2, 3]


@pytest.mark.parametrize("padding", SIDES)
def test_one_row_keeps_the_label_of_the_first_target_token(padding):
    """The released code loses it for the longest row, so for every row of a batch of one."""
    given = case([4], [3], [2])
    found = splice(**given, padding=padding)
    wanted = given["labels"][0, 2]
    last_of_prompt = found.token_positions[0, 2]
    assert found.labels[0, last_of_prompt] == wanted
    assert (found.labels != IGNORED).sum() == (given["labels"] != IGNORED).sum() == 3


@pytest.mark.parametrize("padding", SIDES)
def test_without_labels_nothing_is_learnt(padding):
    given = case([2, 3], [1, 1], [2, 1]) | {"labels": None}
    assert (splice(**given, padding=padding).labels == IGNORED).all()


@pytest.mark.parametrize("padding", SIDES)
def test_without_speech_there_are_tokens_only(padding):
    given = case([0, 0], [1, 3], [2, 3]) | {"speech": None, "speech_mask": None}
    check(given, padding)
    assert not splice(**given, padding=padding).is_speech.any()


def test_the_order_of_speech_is_kept():

    given = case([1, 6, 1, 6], [1, 1, 1, 1], [3, 0, 3, 0])
    found = splice(**given)
    for row in range(4):
        real = found.embeddings[row][found.mask[row].bool()]
        states = int(given["speech_mask"][row].sum())
        assert torch.equal(real[:states], given["speech"][row, :states])


def test_gradients_reach_speech_and_tokens_but_not_padding():
    given = case([2, 4], [1, 1], [3, 1])
    for name in ("speech", "tokens"):
        given[name].requires_grad_()
    found = splice(**given)
    (found.embeddings * found.mask.unsqueeze(-1)).sum().backward()
    assert torch.equal(given["speech"].grad[..., 0].long(), given["speech_mask"])
    assert torch.equal(given["tokens"].grad[..., 0].long(), given["tokens_mask"])


# ---- which position sees which ----


def seen_by_reference(mask, is_speech, bidirectional):
    """What each real position sees, as nested sets."""
    found = []
    for real, speech in zip(mask.tolist(), is_speech.tolist(), strict=True):
        row = {}
        for at, its_own in enumerate(real):
            if not its_own:
                continue
            row[at] = {
                other
                for other, real_too in enumerate(real)
                if real_too and (other <= at or (bidirectional and speech[at] and speech[other]))
            }
        found.append(row)
    return found


def seen(spliced, attention):
    found = attention_mask(spliced.mask, spliced.is_speech, attention)
    if attention == CAUSAL:  # Hugging Face's models add what is after a position
        count = spliced.mask.shape[1]
        before = torch.arange(count).unsqueeze(1) >= torch.arange(count)
        return before & found.bool().unsqueeze(1)
    assert found.shape == (len(spliced.mask), 1, *[spliced.mask.shape[1]] * 2)
    values = set(found.unique().tolist())
    assert values <= {0.0, torch.finfo(torch.float32).min}
    return found[:, 0] == 0


@pytest.mark.parametrize("padding", SIDES)
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_each_position_sees_exactly_what_it_may(attention, padding):
    for seed in range(25):
        rng = random.Random(seed)
        lengths = [(rng.randint(0, 5), rng.randint(1, 3), rng.randint(0, 4)) for _ in range(3)]
        spliced = splice(**case(*zip(*lengths, strict=True)), padding=padding)
        expected = seen_by_reference(spliced.mask, spliced.is_speech, attention == BIDIRECTIONAL)
        found = seen(spliced, attention)
        for row, own in enumerate(expected):
            for at, others in own.items():
                assert set(found[row, at].nonzero().flatten().tolist()) == others


@pytest.mark.parametrize("padding", SIDES)
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_neither_speech_nor_prompt_sees_the_target(attention, padding):
    lengths = [(3, 2, 4), (0, 1, 2), (5, 3, 1)]
    given = case(*zip(*lengths, strict=True))
    spliced = splice(**given, padding=padding)
    found = seen(spliced, attention)
    for row, (states, prompt, target) in enumerate(lengths):
        of_target = spliced.token_positions[row, prompt : prompt + target]
        before = torch.ones(spliced.mask.shape[1], dtype=torch.bool)
        before[of_target] = False
        before &= spliced.mask[row].bool()
        assert before.sum() == states + prompt
        assert not found[row][before][:, of_target].any()


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_nothing_sees_padding_and_no_row_of_padding_is_empty(attention):
    spliced = splice(**case([1, 5], [1, 2], [0, 3]), padding="left")
    found = seen(spliced, attention)
    real = spliced.mask.bool()
    assert not (found & real.unsqueeze(2) & ~real.unsqueeze(1)).any()
    if attention == BIDIRECTIONAL:  # a softmax over nothing is not a number
        assert found.any(-1).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_the_lowest_number_is_that_of_the_type(dtype):
    spliced = splice(**case([2], [1], [1]))
    found = attention_mask(spliced.mask, spliced.is_speech, BIDIRECTIONAL, dtype)
    assert found.dtype == dtype
    assert found.min() == torch.finfo(dtype).min


def test_an_unknown_attention_is_refused():
    spliced = splice(**case([2], [1], [1]))
    with pytest.raises(ValueError, match="unknown attention 'both'; use causal or bidirectional"):
        attention_mask(spliced.mask, spliced.is_speech, "both")
