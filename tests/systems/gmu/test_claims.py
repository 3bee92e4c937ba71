import subprocess
import sys

import pytest

from lib.scoring.claims import (
    BEST_BASELINE,
    SYSTEM,
    TRAINING,
    BestShare,
    Contrast,
    magnitude,
    measure_rows,
    verdict,
)
from lib.systems.gmu import claims
from lib.systems.gmu.claims import (
    CLAIMS,
    CLEAN,
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


# ---- claims as data ----


def test_the_papers_claims_are_numbered():
    numbered = [id for id in CLAIMS if id.removeprefix("GMU-").isdecimal()]
    assert numbered == [f"GMU-{number}" for number in range(1, 9)]


def test_no_two_claims_have_one_id():
    assert len(claims._CLAIMS) == len(CLAIMS)


def test_claims_do_not_load_torch():
    code = "import sys, lib.systems.gmu.claims; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def strategies_of(measure):
    if isinstance(measure, Contrast):
        return strategies_of(measure.gain)
    if isinstance(measure, BestShare):
        return {measure.strategy, *measure.rivals}
    return {measure.strategy, measure.over} - {BEST_BASELINE}


@pytest.mark.parametrize("id", CLAIMS)
def test_the_strategies_of_a_claim_exist(id):
    from lib.systems.gmu.cascade import CASCADES
    from lib.systems.gmu.strategies import STRATEGIES, SWITCHES
    from lib.systems.gmu.synthetic import SYNTHETIC

    known = {*STRATEGIES, *SWITCHES, *CASCADES, *SYNTHETIC}
    assert strategies_of(CLAIMS[id].measure) <= known


@pytest.mark.parametrize("id", CLAIMS)
def test_a_figure_of_the_paper_is_a_range_of_the_papers_own_claims(id):
    claim = CLAIMS[id]
    assert (claim.published_low is None) is (claim.published_high is None)
    if claim.published_low is not None:
        assert claim.paper == claims.PAPER
        assert claim.published_low <= claim.published_high


@pytest.mark.parametrize("id", STUDY_CLAIMS)
def test_claims_of_the_study_are_about_training(id):
    assert STUDY_CLAIMS[id].about == TRAINING


def test_the_claim_over_baselines_is_about_one_system():
    assert CLAIMS["GMU-DIRECT"].about == SYSTEM


# ---- pairs ----


@pytest.mark.parametrize(
    "name, expected",
    [
        ("all", [SEEN, UNSEEN]),
        ("seen", [SEEN]),
        ("unseen", [UNSEEN]),
        ("est-eng", [SEEN]),
        ("fra-eng", []),
        ("mt_far_above_direct", [SEEN, UNSEEN]),
        ("mt_near_direct", []),
    ],
)
def test_pairs_are_selected_among_the_measured_ones(study, name, expected):
    assert select_pairs(name, study, PAIRS, is_seen) == expected


@pytest.mark.parametrize(
    "mt_error_rate, selector", [(0.05, "mt_far_above_direct"), (0.29, "mt_near_direct")]
)
def test_mt_is_far_above_direct_or_near_it(mt_error_rate, selector):
    study = study_of(make_rows("direct", 1, 0.3) + make_rows("mt", 1, mt_error_rate, "MT"))
    names = ("mt_far_above_direct", "mt_near_direct")
    assert [name for name in names if select_pairs(name, study, [SEEN], is_seen)] == [selector]


def test_without_mt_a_pair_is_neither_far_nor_near():
    study = study_of(make_rows("direct", 1, 0.3))
    for name in ("mt_far_above_direct", "mt_near_direct"):
        assert select_pairs(name, study, [SEEN], is_seen) == []


# ---- measured on a study ----


@pytest.mark.parametrize(
    "id, expected",
    [
        ("GMU-1", "failed"),
        ("GMU-1-CASCADE", "held"),
        ("GMU-2", "held"),
        ("GMU-2-FAIR", "held"),
        ("GMU-3", "held"),
        ("GMU-3-FAIR", "failed"),
        ("GMU-4", "held"),
        ("GMU-4-TWICE", "held"),
        ("GMU-5", "held"),
        ("GMU-6", "failed"),
        ("GMU-7", "failed"),
        ("GMU-8", "held"),
    ],
)
def test_verdicts_of_a_study(answers, id, expected):
    answer = answers[id]
    assert verdict(CLAIMS[id], answer.low, answer.high, answer.seeds) == expected


def test_a_study_answers_every_claim_but_the_one_over_baselines(answers):
    assert list(answers) == list(STUDY_CLAIMS) == [id for id in CLAIMS if id != "GMU-DIRECT"]


def test_what_was_not_run_has_no_answer(answers):
    assert {id for id, answer in answers.items() if answer is None} == {
        "GMU-2-CONVERGED",  # no long training
        "GMU-4-CONVERGED",
        "GMU-4-CONTRAST",  # MT is far above direct on both pairs
        "GMU-8-CLEAN",
        "GMU-NLLB",
    }


def test_every_answer_has_three_seeds(answers):
    assert {answer.seeds for answer in answers.values() if answer} == {3}


def test_answers_are_over_the_pairs_of_their_claim(answers):
    pairs = {id: answers[id].pairs for id in ("GMU-1", "GMU-2", "GMU-3", "GMU-7")}
    assert pairs == {"GMU-1": 2, "GMU-2": 1, "GMU-3": 1, "GMU-7": 1}


def test_equal_outputs_have_no_difference(answers):
    assert answers["GMU-3"].value == 0


def test_longer_direct_training_leaves_less_of_the_gain(answers):
    assert answers["GMU-2-FAIR"].value < answers["GMU-2"].value


def test_a_gain_above_the_papers_figure(answers):
    answer = answers["GMU-2"]
    assert magnitude(CLAIMS["GMU-2"], answer.low, answer.high, answer.seeds) == "above"


def test_nothing_is_measured_without_runs():
    answers = measure_claims(study_of([]), PAIRS, is_seen)
    assert {answer for _, answer in answers} == {None}


def answer_to(id, rows):
    answers = measure_claims(study_of(rows), PAIRS, is_seen)
    return {claim.id: answer for claim, answer in answers}[id]


def test_the_gain_of_multi_task_training_where_mt_is_far_above_and_where_it_is_near():
    """It gains on the unseen language, where MT is better, and on the seen one it is direct."""
    rows = []
    for seed in (1, 2, 3):
        for pair, mt, multitask in ((UNSEEN, 0.05, 0.1), (SEEN, 0.3, 0.3)):
            rows += make_rows("direct", seed, 0.3, pair=pair)
            rows += make_rows("multitask", seed, multitask, pair=pair)
            rows += make_rows("mt", seed, mt, "MT", pair)
    contrast, gain = (answer_to(id, rows) for id in ("GMU-4-CONTRAST", "GMU-4"))
    assert contrast.value == pytest.approx(gain.value)
    assert contrast.low > 0


@pytest.mark.parametrize("rival, value", [(0.6, 100.0), (0.05, 0.0)])
def test_the_share_of_pairs_on_which_direct_is_best(rival, value):
    rows = []
    for seed in (1, 2, 3):
        for pair in (UNSEEN, SEEN):
            rows += make_rows("direct", seed, 0.3, pair=pair)
            for name in ("cascade", "asr_init", "both_init"):
                rows += make_rows(name, seed, 0.7, pair=pair)
            rows += make_rows("multitask", seed, rival, pair=pair)
    assert answer_to("GMU-1", rows).value == value


def test_one_seed_is_not_enough():
    rows = make_rows("direct", 1, 0.3) + make_rows(CLEAN, 1, 0.1)
    answer = answer_to("GMU-8-CLEAN", rows)
    assert answer.low > 0
    assert verdict(CLAIMS["GMU-8-CLEAN"], answer.low, answer.high, answer.seeds) == "one seed"


# ---- measured on one run ----


def test_direct_is_measured_over_its_baselines():
    rows = make_rows("direct", 1, 0.3) + make_rows("constant", 1, 0.9, system="baseline")
    found = measure_rows(CLAIMS["GMU-DIRECT"], rows)
    assert verdict(CLAIMS["GMU-DIRECT"], found.low, found.high, found.seeds) == "held"


def test_low_quality_data_is_measured_over_direct():
    rows = make_rows("direct", 1, 0.3) + make_rows(LOW_QUALITY, 1, 0.5)
    assert measure_rows(CLAIMS["GMU-8"], rows).high < 0
