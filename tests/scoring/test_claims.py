import pytest

from lib.scoring.claims import (
    BEST_BASELINE,
    Claim,
    Gain,
    LargestGain,
    measure_rows,
    measure_study,
    verdict,
)
from lib.scoring.comparisons import difference_to_best_baseline, paired_difference
from lib.scoring.seeds import pool
from tests.scoring.cases import SEEN, UNSEEN, make_rows, study_of


def claim(measure=None, low=-1, high=1):
    return Claim(
        id="X-1",
        paper="0000.00000",
        statement="statement",
        predicted_low=low,
        predicted_high=high,
        measure=measure,
    )


@pytest.mark.parametrize(
    "low, high, measured, expected",
    [
        (3, 5, (4, 1, 7), "held"),
        (3, 5, (2, 0.5, 3), "failed"),
        (3, 5, (4, -1, 9), "inconclusive"),
        (3, 5, (float("nan"),) * 3, "not run"),
        (-1, 1, (0.2, -0.5, 0.9), "held"),
        (-1, 1, (3, 2, 4), "failed"),
        (-1, 1, (-3, -4, -2), "failed"),
        (-1, 1, (0.5, -0.5, 1.5), "inconclusive"),
        (0, 0, (0, 0, 0), "held"),
    ],
)
def test_verdicts(low, high, measured, expected):
    assert verdict(claim(low=low, high=high), *measured) == expected


def test_empty_range_is_refused():
    with pytest.raises(ValueError, match="X-1: predicted range 2 to 1 is empty"):
        claim(low=2, high=1)


def test_text_names_the_pair():
    assert claim().text("est", "eng") == "est→eng: statement"


def test_text_without_a_pair():
    assert claim().text() == "statement"


DIRECT, ASR_INIT = make_rows("direct", 1, 0.3), make_rows("asr_init", 1, 0.1)
BAD = make_rows("bad", 1, 0.8)
BASELINES = make_rows("constant", 1, 0.9, system="baseline")
ROWS = DIRECT + ASR_INIT + BAD
LARGEST = LargestGain(strategies=("asr_init", "bad"), over="direct")


def test_gain_of_one_run():
    found = measure_rows(claim(Gain(strategy="asr_init", over="direct")), ROWS)
    assert found == paired_difference(ROWS, "asr_init", "direct")


def test_gain_over_the_best_baseline():
    found = measure_rows(claim(Gain(strategy="direct", over=BEST_BASELINE)), ROWS + BASELINES)
    assert found == difference_to_best_baseline(DIRECT + BASELINES, "BLEU")


def test_largest_gain_may_be_negative():
    assert measure_rows(claim(LARGEST), ROWS) == paired_difference(ROWS, "bad", "direct")


def test_other_tasks_are_ignored():
    mt = make_rows("direct", 1, 0.0, "MT")
    found = measure_rows(claim(Gain(strategy="asr_init", over="direct")), ROWS + mt)
    assert found == paired_difference(ROWS, "asr_init", "direct")


def test_claim_without_a_measure_is_refused():
    with pytest.raises(ValueError, match="X-1 has no measure"):
        measure_rows(claim(), ROWS)


@pytest.fixture(scope="module")
def study():
    rows = ROWS + make_rows("direct", 2, 0.3) + make_rows("asr_init", 2, 0.2)
    for name, share in (("direct", 0.3), ("asr_init", 0.4)):
        rows = rows + make_rows(name, 1, share, pair=UNSEEN)
    return study_of(rows)


@pytest.fixture(scope="module")
def mean_gain(study):
    return measure_study(claim(Gain(strategy="asr_init", over="direct")), study, [SEEN, UNSEEN])


def test_gain_of_a_study_is_pooled_over_pairs(study, mean_gain):
    expected = pool([study.gain(pair, "asr_init", "direct") for pair in (SEEN, UNSEEN)])
    found = (mean_gain.value, mean_gain.low, mean_gain.high)
    assert found == (expected.value, expected.low, expected.high)


def test_seeds_are_those_of_the_pair_with_the_fewest(mean_gain):
    assert mean_gain.seeds == 1


def test_description_lists_the_pairs(study, mean_gain):
    seen, unseen = (study.gain(pair, "asr_init", "direct").value for pair in (SEEN, UNSEEN))
    assert mean_gain.description == (
        f"BLEU of asr_init above direct, mean of est→eng {seen:+.1f}, que→spa {unseen:+.1f}; "
        "above 0 in 1 of 2"
    )


def test_largest_gain_of_a_study(study):
    assert measure_study(claim(LARGEST), study, [SEEN, UNSEEN]).value == (
        study.gain(SEEN, "bad", "direct").value
    )


def test_description_of_the_largest_gain(study):
    found = measure_study(claim(LARGEST), study, [SEEN, UNSEEN])
    assert found.description == "the largest of 2: bad, est→eng"


def test_largest_gain_needs_all_its_strategies_on_a_pair(study):
    assert measure_study(claim(LARGEST), study, [UNSEEN]) is None


def test_nothing_measured_is_none(study):
    assert measure_study(claim(Gain(strategy="cascade", over="direct")), study, [SEEN]) is None


def test_study_of_a_claim_without_a_measure_is_refused(study):
    with pytest.raises(ValueError, match="X-1 has no measure"):
        measure_study(claim(), study, [SEEN])
