"""Transfer over languages: scores, correlations, and runs that are not there."""

import pytest

from lib.scoring.outputs import OutputRow
from lib.systems.zero_resource.distances import Distance
from lib.systems.zero_resource.transfer import (
    BLEU,
    CLAIMS,
    COPIED,
    TRANSLATED,
    Transfer,
    collect,
    explanations,
    measure,
    rank_correlation,
    scores_by_language,
    worst,
)

SCORES = {"deu": 10.0, "est": 8.0, "fra": 15.0, "spa": 30.0, "por": 40.0}


def row(source, seed=1, hypothesis="five euros and six days", **changes):
    given = {"system": "zero_resource", "strategy": "multi-task", "stage": "joint", "task": "ST"}
    given |= {"target": "eng", "subset": "", "speaker": "a", "seconds": 1.0, "audio": ""}
    given |= {"tokens": 3, "log_probability": None, "ending": "end", "id": f"{source}-1"}
    given |= {"reference": "five euros and six days"} | changes
    return OutputRow(source=source, seed=seed, hypothesis=hypothesis, **given)


def test_the_score_of_a_language_is_the_mean_over_seeds():
    rows = [row("deu"), row("deu", seed=2, hypothesis="no")]
    assert scores_by_language(rows, "BLEU", "ST") == {"deu": pytest.approx(50.0)}


def test_other_tasks_are_not_counted():
    assert scores_by_language([row("deu", task="ASR")], "BLEU", "ST") == {}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_perfect_order(sign):
    found = rank_correlation({code: sign * value for code, value in SCORES.items()}, SCORES)
    assert found.value == pytest.approx(sign)
    assert found.low == pytest.approx(sign) and found.high == pytest.approx(sign)


def test_an_order_that_languages_disagree_on_has_a_wide_interval():
    values = {"deu": 1.0, "est": 5.0, "fra": 2.0, "spa": 3.0, "por": 4.0}
    found = rank_correlation(values, SCORES)
    assert -1 <= found.low < found.value < found.high <= 1
    assert found.high - found.low > 0.5


@pytest.mark.parametrize(
    "values, scores",
    [
        (dict.fromkeys(SCORES, 0.5), SCORES),
        (SCORES, dict.fromkeys(SCORES, 0.0)),  # as at `smoke`
        ({"deu": 0.1, "est": 0.2, "fra": 0.3}, SCORES),
    ],
    ids=["equal values", "equal scores", "three languages"],
)
def test_where_nothing_varies_nothing_is_measured(values, scores):
    assert rank_correlation(values, scores) is None


def test_a_distance_that_is_not_known_is_left_out():
    own = {"phonetic": 0.5, "phonetic_nearest": "", "lexical_nearest": ""}
    found = Transfer(
        distances=[Distance(code="deu", lexical=None, **own)],
        scores={name: {"deu": 1.0} for name in (BLEU, TRANSLATED, COPIED)},
    )
    known, *_ = explanations(found).values()
    assert known == {}


def test_few_languages_measure_nothing():
    scores = {name: {} for name in (BLEU, "BLEU of its text", "CER of copying its text")}
    found = Transfer(distances=[], scores=scores)
    assert measure(found) == {} and worst(found) == ""


@pytest.mark.slow
def test_every_language_has_its_line():
    """From rows to both claims; the texts are real."""
    book = {"eng": "five euros", "deu": "fünf Euro", "spa": "cinco euros", "fra": "cinq euros"}
    book |= {"por": "cinco euros", "est": "viis eurot"}
    spoken = list(book)
    rows = {
        code: [row(code, hypothesis="five euros and six days" if number % 2 else "five")]
        for number, code in enumerate(spoken[1:])
    }
    found = collect(rows, [book] * 20, spoken)
    assert [own.code for own in found.distances] == spoken[1:]
    nearest = {own.code: own.lexical_nearest for own in found.distances}
    assert nearest["spa"] == "Portuguese"
    assert measure(found).keys() == set(CLAIMS)
