import pytest

from lib.systems.zero_resource.languages import LANGUAGES
from lib.systems.zero_resource.plan import RIVALS, SEEDS, study_runs, transfer_runs
from lib.systems.zero_resource.strategies import GROUPS
from lib.workbook.plan import TIMEOUT_SECONDS

STUDIES = [study_runs, transfer_runs]


def trainings(study, **parameters):
    return [run.parameters for run in study("tiny", parameters) if run.notebook == "40"]


def test_each_seed_has_the_rivals():
    found = trainings(study_runs)
    for groups in RIVALS:
        assert [own["seed"] for own in found if own["ablate"] == groups] == list(SEEDS)


def test_the_first_seed_has_every_ablation_once():
    own = [run["ablate"] for run in trainings(study_runs) if run["seed"] == SEEDS[0]]
    assert sorted(" ".join(own).split()) == sorted(GROUPS)


@pytest.mark.parametrize("study", STUDIES)
def test_each_run_stays_within_its_time(study):
    limit = TIMEOUT_SECONDS["tiny"] / 60
    assert all(run.minutes < limit for run in study("tiny", {}))


def test_each_language_but_english_is_held_out_alone():
    found = [own["held_out"] for own in trainings(transfer_runs)]
    assert sorted([*found, "eng"]) == sorted(LANGUAGES)


@pytest.mark.parametrize("study", STUDIES)
def test_the_records_are_read_last(study):
    assert [run.notebook for run in study("tiny", {})][-1] == "41"


@pytest.mark.parametrize("study", STUDIES)
def test_further_parameters_go_to_the_trainings(study):
    assert all(own["processes"] == 2 for own in trainings(study, processes=2))


def test_what_a_study_varies_is_not_overridden():
    with pytest.raises(ValueError, match="'held_out' is a factor"):
        trainings(transfer_runs, held_out="cat")


@pytest.mark.parametrize("study", STUDIES)
def test_there_is_no_study_without_a_phrasebook(study):
    with pytest.raises(ValueError, match="smoke, tiny, lab, not full"):
        list(study("full", {}))
