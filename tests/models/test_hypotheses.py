"""From tokens to hypotheses."""

import pytest
import torch
from transformers import SeamlessM4TTokenizer

from lib.models.hypotheses import scored_rows, sequence_scores, to_hypothesis
from lib.models.tokenizer import text_ids

END = 3


@pytest.fixture(scope="module")
def words(tokenizer_folder):
    tokenizer = SeamlessM4TTokenizer.from_pretrained(tokenizer_folder)
    return tokenizer, text_ids(tokenizer, "two dollars")


def test_a_hypothesis_ends_at_its_first_end_token(words):
    tokenizer, ids = words
    end = tokenizer.eos_token_id
    found = to_hypothesis(tokenizer, "a", [*ids, end, 0, *ids, end], -0.5)
    assert (found.id, found.text, found.tokens) == ("a", "two dollars", len(ids))
    assert (found.ending, found.score) == ("end", -0.5)


def test_without_an_end_token_it_is_the_longest(words):
    tokenizer, ids = words
    found = to_hypothesis(tokenizer, "a", ids, -0.5)
    assert (found.tokens, found.ending) == (len(ids), "longest")


def test_an_output_that_ends_at_once_is_empty(words):
    tokenizer, _ = words
    found = to_hypothesis(tokenizer, "a", [tokenizer.eos_token_id], -0.5)
    assert (found.text, found.tokens, found.ending) == ("", 0, "end")


@pytest.mark.parametrize("penalty", [0.0, 0.5, 1.0, 2.0])
def test_scores_are_sums_to_the_end_token_over_the_length(penalty):
    logits = torch.randn(3, 5, 7, generator=torch.Generator().manual_seed(1))
    output = torch.tensor([[4, 5, END, 0, 0], [END, 0, 0, 0, 0], [4, 4, 4, 4, 4]])
    found = sequence_scores(logits, output, END, penalty)
    for row, length in enumerate([3, 1, 5]):
        log_probabilities = logits[row].log_softmax(-1)
        total = sum(log_probabilities[i, output[row, i]].item() for i in range(length))
        assert found[row] == pytest.approx(total / length**penalty, abs=1e-5)


def test_what_follows_the_end_does_not_count():
    logits = torch.randn(1, 4, 7, generator=torch.Generator().manual_seed(1))
    one = sequence_scores(logits, torch.tensor([[4, END, 0, 0]]), END, 1.0)
    other = sequence_scores(logits, torch.tensor([[4, END, 5, END]]), END, 1.0)
    assert one == other


def test_scores_of_half_precision_are_summed_in_full():
    logits = 20 * torch.randn(1, 6, 50, generator=torch.Generator().manual_seed(1))
    output = torch.tensor([[4, 5, 6, 7, 8, 9]])
    half = logits.bfloat16()
    assert sequence_scores(half, output, END, 1.0) == sequence_scores(
        half.float(), output, END, 1.0
    )


@pytest.mark.parametrize("tokens, vocabulary, rows", [(100, 256_000, 1), (50, 1000, 1000)])
def test_rows_at_once(tokens, vocabulary, rows):
    assert scored_rows(tokens, vocabulary) == rows
