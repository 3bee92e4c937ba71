from dataclasses import replace

import pytest

from lib.scoring.comparisons import score_runs, subtract_runs
from lib.scoring.study import Study, StudyKey
from tests.scoring.cases import SEEN, UNSEEN, make_rows, study_of

DIRECT = [make_rows("direct", seed, 0.3) for seed in (1, 2)]
RUNS = dict(enumerate(DIRECT, start=1))
ASR_INIT = make_rows("asr_init", 1, 0.1)
ROWS = [*DIRECT[0], *DIRECT[1], *ASR_INIT]


def test_directions_are_those_of_the_task():
    study = study_of(ROWS + make_rows("mt", 1, 0.1, "MT", UNSEEN))
    assert study.directions() == [SEEN]


def test_seeds_of_a_strategy():
    assert study_of(ROWS).seeds(SEEN, "direct") == [1, 2]


def test_baselines_are_left_out():
    study = study_of(ROWS + make_rows("constant", 1, 0.9, system="baseline"))
    assert study.seeds(SEEN, "constant") == []


def test_repeated_outputs_are_no_conflict():
    assert study_of(ROWS + DIRECT[0]).conflicts == []


def test_different_outputs_of_one_system_are_a_conflict():
    study = study_of(ROWS + make_rows("direct", 1, 0.5))
    assert study.conflicts == ["direct est→eng seed 1"]


def test_the_last_outputs_count():
    last = make_rows("direct", 1, 0.5)
    assert study_of(ROWS + last).rows[StudyKey("gmu", SEEN, "ST", "direct", 1)] == last


def test_score_is_the_mean_over_seeds():
    assert study_of(ROWS).score(SEEN, "direct", "BLEU") == score_runs(RUNS, "BLEU").score()


def test_score_of_nothing_is_none():
    assert study_of(ROWS).score(SEEN, "multitask", "BLEU") is None


def test_gain_is_over_the_seeds_that_both_have():
    expected = subtract_runs({1: ASR_INIT}, {1: DIRECT[0]}, "BLEU").estimate()
    assert study_of(ROWS).gain(SEEN, "asr_init", "direct") == expected


def test_gain_without_a_common_seed_is_none():
    study = study_of(DIRECT[1] + ASR_INIT)
    assert study.gain(SEEN, "asr_init", "direct") is None


def test_other_test_sets_are_refused():
    other = [replace(row, reference="something else") for row in ASR_INIT]
    with pytest.raises(ValueError, match="clip-000 'something else'"):
        study_of(DIRECT[0] + other).gain(SEEN, "asr_init", "direct")


@pytest.fixture
def upper_case():
    """A cascade without errors except for its capitals."""
    rows = make_rows("cascade", 1, 0.0)
    return study_of([*ROWS, *(replace(row, hypothesis=row.hypothesis.upper()) for row in rows)])


def test_profile_of_the_study_scores(upper_case):
    study = upper_case.with_profile("gmu")
    assert study.score(SEEN, "cascade", "BLEU").value == pytest.approx(100)


def test_profile_of_the_study_decides_gains(upper_case):
    plain = upper_case.gain(SEEN, "cascade", "direct")
    gmu = upper_case.with_profile("gmu").gain(SEEN, "cascade", "direct")
    assert gmu.value > plain.value + 5


def test_profile_of_a_single_score(upper_case):
    found = upper_case.score(SEEN, "cascade", "BLEU", profile="gmu")
    assert found.value == pytest.approx(100)


@pytest.fixture
def transcripts():
    """Estonian ASR on two test sets: of the runs into English and into Maltese."""
    rows = make_rows("asr", 1, 0.3, "ASR", ("est", "est"))
    other = [replace(row, reference="something else") for row in rows]
    given = [*((("est", "eng"), row) for row in rows), *((("est", "mlt"), row) for row in other)]
    return Study.of(given)


def test_transcripts_belong_to_the_direction_of_their_run(transcripts):
    assert transcripts.directions("ASR") == [("est", "eng"), ("est", "mlt")]


def test_transcripts_of_other_directions_are_no_conflict(transcripts):
    assert transcripts.conflicts == []


def test_direction_of_a_translation_is_read_from_the_row():
    study = Study.of((SEEN, row) for row in make_rows("direct", 1, 0.3, pair=UNSEEN))
    assert study.directions() == [UNSEEN]


@pytest.fixture
def two_systems():
    return study_of(ROWS + make_rows("direct", 1, 0.5, system="it_ist"))


def test_systems_are_apart(two_systems):
    assert two_systems.conflicts == []


def test_a_strategy_of_two_systems_is_ambiguous(two_systems):
    with pytest.raises(ValueError, match="'direct' exists in systems gmu, it_ist"):
        two_systems.seeds(SEEN, "direct")


def test_one_system_of_two(two_systems):
    assert two_systems.of_system("it_ist").seeds(SEEN, "direct") == [1]
