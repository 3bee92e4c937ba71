import pytest

from lib.systems.llm_srt.plan import SEEDS, study_runs
from lib.systems.llm_srt.strategies import GROUPS
from lib.workbook.plan import TIMEOUT_SECONDS


def runs(**parameters):
    return list(study_runs("tiny", parameters))


def test_each_seed_has_a_curriculum_with_its_rivals():
    own = [run.parameters for run in runs() if run.parameters.get("ablate") == "rivals"]
    assert [parameters["seed"] for parameters in own] == list(SEEDS)


def test_the_first_seed_has_every_ablation_once():
    own = [p["ablate"] for p in (run.parameters for run in runs()[:-1]) if p["seed"] == SEEDS[0]]
    assert sorted(own) == sorted(GROUPS)


def test_each_run_stays_within_its_time():
    assert all(run.minutes * 60 <= TIMEOUT_SECONDS["tiny"] for run in runs())


def test_the_records_are_read_last():
    assert [run.notebook for run in runs()][-1] == "31"
    assert runs(processes=2)[-1].parameters == {}


def test_further_parameters_go_to_the_trainings():
    assert all(run.parameters["processes"] == 2 for run in runs(processes=2)[:-1])


@pytest.mark.parametrize("scale", ["smoke", "tiny", "lab"])
def test_every_run_is_made_at_scales_with_a_phrasebook(scale):
    assert all(scale in run.scales for run in study_runs(scale, {}))


def test_there_is_no_study_without_a_phrasebook():
    with pytest.raises(ValueError, match="smoke, tiny, lab, not full"):
        list(study_runs("full", {}))
