import subprocess
import sys

import pytest

from lib.scoring.claims import measure_rows, verdict
from lib.systems.gmu.claims import (
    CLAIMS,
    LOW_QUALITY,
    STUDY_CLAIMS,
    measure_claims,
    select_pairs,
)
from tests.scoring.cases import SEEN, UNSEEN, example_study, make_rows, study_of

PAIRS = [SEEN, UNSEEN, ("fra", "eng")]


def is_seen(code):
    return code == "est"


@pytest.fixture(scope="module")
def study():
    return example_study()


@pytest.fixture(scope="module")
def answers(study):
    return {claim.id: answer for claim, answer in measure_claims(study, PAIRS, is_seen)}


def test_claims_by_id():
    numbered = [id for id in CLAIMS if id.removeprefix("GMU-").isdecimal()]
    assert numbered == [f"GMU-{number}" for number in range(1, 9)]


def test_claims_do_not_load_torch():
    code = "import sys, lib.systems.gmu.claims; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_largest_switch_covers_the_official_ones():
    from lib.systems.gmu.strategies import OFFICIAL_SWITCHES

    assert CLAIMS["GMU-6"].measure.strategies == tuple(OFFICIAL_SWITCHES)


@pytest.mark.parametrize(
    "name, expected",
    [
        ("all", [SEEN, UNSEEN]),
        ("seen", [SEEN]),
        ("unseen", [UNSEEN]),
        ("est-eng", [SEEN]),
        ("gle-eng", []),
        ("mt_far_above_direct", [SEEN, UNSEEN]),
    ],
)
def test_pairs_are_selected_among_the_measured_ones(study, name, expected):
    assert select_pairs(name, study, PAIRS, is_seen) == expected


@pytest.mark.parametrize("mt_error_rate, expected", [(0.05, [SEEN]), (0.29, [])])
def test_mt_far_above_direct(mt_error_rate, expected):
    mt = make_rows("mt", 1, mt_error_rate, "MT")
    study = study_of(make_rows("direct", 1, 0.3) + mt)
    assert select_pairs("mt_far_above_direct", study, [SEEN], is_seen) == expected


@pytest.mark.parametrize(
    "id, expected",
    [
        ("GMU-1", "held"),
        ("GMU-2", "held"),
        ("GMU-2-FAIR", "held"),
        ("GMU-3", "held"),
        ("GMU-3-FAIR", "failed"),
        ("GMU-4", "held"),
        ("GMU-4-FAIR", "held"),
        ("GMU-5", "held"),
        ("GMU-6", "failed"),
        ("GMU-7", "failed"),
        ("GMU-8", "held"),
    ],
)
def test_verdicts_of_a_study(answers, id, expected):
    answer = answers[id]
    assert verdict(CLAIMS[id], answer.value, answer.low, answer.high) == expected


def test_a_study_answers_every_claim_but_the_one_over_baselines(answers):
    assert list(answers) == list(STUDY_CLAIMS) == [id for id in CLAIMS if id != "GMU-DIRECT"]


def test_every_answer_has_three_seeds(answers):
    assert {answer.seeds for answer in answers.values()} == {3}


def test_equal_outputs_have_no_difference(answers):
    assert answers["GMU-3"].value == 0


def test_longer_direct_training_leaves_less_of_the_gain(answers):
    assert answers["GMU-2-FAIR"].value < answers["GMU-2"].value


def test_nothing_is_measured_without_runs():
    answers = measure_claims(study_of([]), PAIRS, is_seen)
    assert {answer for _, answer in answers} == {None}


def test_direct_is_measured_over_its_baselines():
    rows = make_rows("direct", 1, 0.3) + make_rows("constant", 1, 0.9, system="baseline")
    assert measure_rows(CLAIMS["GMU-DIRECT"], rows).low > 0


def test_low_quality_data_is_measured_over_direct():
    rows = make_rows("direct", 1, 0.3) + make_rows(LOW_QUALITY, 1, 0.5)
    assert measure_rows(CLAIMS["GMU-8"], rows).high < 0
