from dataclasses import replace

import pytest

from lib.decoding import Search, decode
from lib.decoding.minimum_bayes_risk import by_agreement
from lib.models.protocol import Hypothesis
from lib.tasks import ST, examples


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


def test_it_takes_three_hypotheses():
    with pytest.raises(ValueError, match="needs 3 hypotheses or more, n_best=2"):
        Search(n_best=2, minimum_bayes_risk=True)


def test_it_orders_the_outputs_of_a_search_and_not_by_batch(model, collate, corpus):
    given = examples(corpus.split("train", "est"), ST, "eng")[:5]
    search = Search(beams=4, n_best=4, max_new_tokens=8)
    found = decode(model, given, collate, search)
    ordered = decode(model, given, collate, replace(search, minimum_bayes_risk=True))
    for plain, best in zip(found, ordered, strict=True):
        expected = by_agreement([plain, *plain.others])
        assert [h.text for h in (best, *best.others)] == [h.text for h in expected]
    alone = decode(model, given[2:3], collate, replace(search, minimum_bayes_risk=True))
    assert alone[0].text == ordered[2].text
