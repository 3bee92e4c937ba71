"""The released sheet of 210 directions, against values typed by hand from its table."""

import pytest

from lib.systems.llm_srt.experiment import PAPER_LANGUAGES, all_directions
from lib.systems.llm_srt.released_scores import released_scores

ROW_MEANS = {"eng": 29.11, "deu": 23.74, "por": 25.63, "tha": 14.42, "yue": 16.23}
COLUMN_MEANS = {"eng": 26.1, "nld": 10.4, "tha": 44.0, "zho": 29.9, "yue": 24.0}


def mean(values):
    return sum(values) / len(values)


def test_every_direction_of_the_paper_has_a_score():
    assert set(released_scores()) == set(all_directions(PAPER_LANGUAGES, PAPER_LANGUAGES))
    assert len(released_scores()) == 210


def test_their_mean_is_the_released_one():
    assert round(mean(released_scores().values()), 2) == 21.23


@pytest.mark.parametrize(
    "source, target, score",
    [
        ("eng", "deu", 21.6),
        ("eng", "yue", 30.7),
        ("vie", "tha", 42.6),
        ("jpn", "kor", 24.9),
        ("zho", "nld", 8.3),
        ("yue", "eng", 17.5),
    ],
)
def test_scores_of_the_table(source, target, score):
    assert released_scores()[source, target] == score


@pytest.mark.parametrize("source", ROW_MEANS)
def test_means_of_rows(source):
    own = [value for (s, _), value in released_scores().items() if s == source]
    assert mean(own) == pytest.approx(ROW_MEANS[source], abs=0.06)  # of rounded scores


@pytest.mark.parametrize("target", COLUMN_MEANS)
def test_means_of_columns(target):
    own = [value for (_, t), value in released_scores().items() if t == target]
    assert mean(own) == pytest.approx(COLUMN_MEANS[target], abs=0.06)
