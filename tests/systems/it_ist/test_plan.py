from collections import Counter

import pytest

from lib.systems.it_ist.plan import SEEDS, study_runs


def runs(**parameters):
    return list(study_runs("tiny", parameters))


def test_each_seed_has_models_and_ablations_of_its_own():
    own = [run.parameters for run in runs() if run.notebook in ("20", "21")]
    assert Counter(p["seed"] for p in own) == dict.fromkeys(SEEDS, 2)
    assert all(p["seed"] == p["backbone_seed"] and p["ablate"] for p in own)


def test_the_first_seed_has_the_defects_too():
    assert {r.parameters["seed"] for r in runs() if r.parameters.get("switches")} == {SEEDS[0]}


def test_the_records_are_read_last():
    assert [run.notebook for run in runs()][-1] == "22"
    assert runs(processes=2)[-1].parameters == {}


def test_further_parameters_go_to_the_trainings():
    assert all(r.parameters["processes"] == 2 for r in runs(processes=2)[:-1])


def test_there_is_no_study_without_a_phrasebook():
    with pytest.raises(ValueError, match="smoke, tiny, lab, not full"):
        list(study_runs("full", {}))
