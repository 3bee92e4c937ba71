from dataclasses import replace

import pytest

from lib.scoring.two_systems import rank_differences, utterance_scores, win_tie_loss
from tests.scoring.cases import make_rows

REFERENCE = "one two three four five six"
# words that are wrong of six; the first system less the second: 1, 0, -2, -3
WRONG = {"one": (0, 1, 2, 3), "other": (1, 1, 0, 0)}


def with_errors(strategy, task="ASR"):
    """A row for each number of `WRONG`."""
    texts = [" ".join(["wrong"] * n + REFERENCE.split()[n:]) for n in WRONG[strategy]]
    rows = make_rows(strategy, 1, 0.0, task, ("est", "est"), texts=[REFERENCE] * 4)
    return [replace(row, hypothesis=text) for row, text in zip(rows, texts, strict=True)]


@pytest.fixture
def rows():
    return with_errors("one") + with_errors("other")


def shares(found):
    return found.wins.value, found.ties.value, found.losses.value


def test_fewer_errors_win(rows):
    found = win_tie_loss(rows, "one", "other", "WER", "gmu", margin=5.0)
    assert found.differences == pytest.approx([100 / 6, 0, -200 / 6, -300 / 6])
    assert shares(found) == (25.0, 25.0, 50.0)


@pytest.mark.parametrize(
    ("margin", "expected"),
    [(0.0, (25, 25, 50)), (16.6, (25, 25, 50)), (16.7, (0, 50, 50)), (50.1, (0, 100, 0))],
)
def test_a_difference_within_the_margin_is_a_tie(rows, margin, expected):
    assert shares(win_tie_loss(rows, "one", "other", "WER", "gmu", margin)) == expected


def test_the_other_way_round_wins_are_losses(rows):
    one, other = (win_tie_loss(rows, *names, "WER", "gmu") for names in
                  (("one", "other"), ("other", "one")))
    assert shares(one) == shares(other)[::-1]
    assert one.differences == tuple(-value for value in other.differences)


def test_of_scores_the_higher_wins(rows):
    found = win_tie_loss([replace(row, task="ST") for row in rows], "one", "other")
    assert shares(found) == (25.0, 25.0, 50.0)
    assert found.differences[0] > 5 > -5 > found.differences[2] > found.differences[3]
def test_shares_have_intervals_within_0_and_100(rows):
    found = win_tie_loss(rows, "one", "other", "WER", "gmu")
    for share in (found.wins, found.ties, found.losses):
        assert 0 <= share.low < share.value < share.high <= 100


def test_an_unknown_strategy_is_refused(rows):
    with pytest.raises(ValueError, match="third"):
        win_tie_loss(rows, "one", "third")


def test_other_clips_are_refused(rows):
    with pytest.raises(ValueError):
        win_tie_loss(rows[:-1], "one", "other")


# ---- scores of single outputs ----


@pytest.mark.parametrize("profile", ["plain", "gmu"])
def test_a_perfect_phrase_of_three_words_has_100_bleu(profile):
    (row,) = make_rows("one", 1, 0.0, texts=["in six hours"])
    (score,) = utterance_scores([row], "BLEU", profile)
    assert score == pytest.approx(100.0)


@pytest.mark.parametrize("metric", ["BLEU", "chrF++"])
def test_outputs_of_several_languages_keep_their_order(metric):
    english = make_rows("one", 1, 0.4)[:3]
    chinese = make_rows("one", 1, 0.0, pair=("est", "zho"), texts=["在星期一下午六点", "你好世界"])
    chinese = [chinese[0], replace(chinese[1], hypothesis="你好世")]
    mixed = [english[0], chinese[0], english[1], chinese[1], english[2]]
    apart = utterance_scores(english, metric), utterance_scores(chinese, metric)
    expected = [apart[0][0], apart[1][0], apart[0][1], apart[1][1], apart[0][2]]
    assert utterance_scores(mixed, metric) == pytest.approx(expected)
    assert expected[1] == pytest.approx(100.0) and 0 < expected[3] < 100


# ---- metrics that disagree ----


def test_differences_of_ranks_are_shares_of_the_outputs():
    found = rank_differences({"a": [1, 2, 3, 4], "b": [40, 30, 20, 10], "c": [1, 2, 3, 4]})
    assert list(found.columns) == ["a − b", "a − c", "b − c"]
    assert found["a − b"].tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert found["a − c"].tolist() == [0.0] * 4


def test_equal_scores_share_their_rank():
    found = rank_differences({"a": [5, 5, 5, 5], "b": [1, 2, 3, 4]})
    assert found["a − b"].tolist() == [0.375, 0.125, -0.125, -0.375]
