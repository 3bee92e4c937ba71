import pytest

from lib.scoring.several_systems import best_shares, by_disagreement, by_strategy
from lib.scoring.two_systems import utterance_scores
from tests.scoring.cases import make_rows

ROWS = make_rows("right", 1, 0.0) + make_rows("good", 1, 0.2) + make_rows("bad", 1, 0.9)


def test_the_best_of_all_is_counted_by_clip():
    found = best_shares(ROWS, utterance_scores(ROWS))
    assert found["right"].value == 100.0
    assert found["bad"].value < found["good"].value < 100.0


def test_a_margin_makes_more_systems_as_good_as_the_best():
    scores = utterance_scores(ROWS)
    assert best_shares(ROWS, scores, 100.0)["bad"].value == 100.0


def test_clips_where_systems_differ_most_come_first():
    scores = utterance_scores(ROWS)
    order = by_disagreement(ROWS, scores)
    by_clip = {}
    for row, score in zip(ROWS, scores, strict=True):
        by_clip.setdefault(row.id, []).append(score)
    spreads = [max(by_clip[ROWS[p].id]) - min(by_clip[ROWS[p].id]) for p in order]
    assert spreads == sorted(spreads, reverse=True)
    assert sorted(order) == list(range(len(ROWS)))


def test_other_test_sets_are_refused():
    rows = make_rows("one", 1, 0.1) + make_rows("other", 1, 0.1)[:-1]
    with pytest.raises(ValueError, match="different test sets"):
        best_shares(rows, utterance_scores(rows))


def test_rows_are_grouped_in_their_order():
    assert list(by_strategy(ROWS)) == ["right", "good", "bad"]
