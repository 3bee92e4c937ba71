import pytest

from lib.decoding.minimum_bayes_risk import by_agreement
from lib.models.protocol import Hypothesis


def hypotheses(*texts):
    return [
        Hypothesis(id="a", text=text, tokens=1, score=-float(place), ending="end")
        for place, text in enumerate(texts)
    ]


def first(*texts):
    return by_agreement(hypotheses(*texts))[0].text


def test_what_most_outputs_share_wins_over_the_most_probable_one():
    shared = ("the boat is on the river", "the boat is near the river", "a boat on the river")
    assert first("Monday", *shared) == shared[0]


def test_an_output_that_occurs_often_counts_as_often():
    assert first("alpha beta", "gamma delta", "gamma delta") == "gamma delta"


def test_nothing_is_lost_and_scores_stay_with_their_texts():
    given = hypotheses("x", "one two", "one two three")
    assert sorted(by_agreement(given), key=lambda h: -h.score) == given


@pytest.mark.parametrize("texts", [("", "", ""), ("a b", "a b", "a b")])
def test_equal_outputs_keep_their_order(texts):
    assert by_agreement(hypotheses(*texts)) == hypotheses(*texts)


def test_an_empty_output_agrees_with_nothing():
    assert first("", "one two", "one three") != ""
