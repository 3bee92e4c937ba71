import pytest

from lib.systems import claims as workbook_claims
from lib.systems import registry
from lib.systems.gmu import claims as gmu_claims
from lib.systems.it_ist import claims as it_ist_claims
from lib.systems.llm_srt import claims as llm_srt_claims
from lib.systems.registry import claim, claim_files, claims, study_runs
from lib.systems.zero_resource import claims as zero_resource_claims


def test_claims_of_the_workbook_and_of_every_system():
    assert {"TOUR-1", "DATA-1", "GMU-1", "GMU-8", "IT-1", "SRT-1", "ZR-1"} <= claims().keys()


def test_claims_are_found_by_their_id():
    assert {id: found.id for id, found in claims().items()} == {id: id for id in claims()}


def test_no_two_claims_have_one_id():
    modules = [
        workbook_claims,
        gmu_claims,
        it_ist_claims,
        llm_srt_claims,
        zero_resource_claims,
    ]
    assert sum(len(module._CLAIMS) for module in modules) == len(claims())


def test_the_files_with_claims():
    texts = [path.read_text(encoding="utf-8") for path in claim_files()]
    for id in claims():
        assert [f'id="{id}"' in text for text in texts].count(True) == 1


def test_a_claim():
    assert claim("GMU-2").id == "GMU-2"


def test_an_unknown_claim_is_refused_and_the_known_ones_named():
    with pytest.raises(KeyError, match="no system has a claim 'GMU-99'; .*GMU-1, "):
        claim("GMU-99")


def test_the_runs_of_a_study():
    assert {run.notebook for run in study_runs("gmu", "tiny", {})} >= {"03", "11", "12", "13"}
    assert {run.notebook for run in study_runs("llm_srt", "tiny", {})} == {"30", "31"}


@pytest.mark.parametrize("scale", ["smoke", "tiny", "lab"])
def test_runs_of_another_scale_are_left_out(scale):
    assert all(scale in run.scales for run in study_runs("gmu", scale, {}))


def test_an_unknown_study_is_refused_and_the_known_ones_named():
    with pytest.raises(ValueError, match="no study 'gnu'; the studies are gmu"):
        study_runs("gnu", "tiny", {})


def test_a_new_run_is_of_every_scale_and_not_skipped():
    run = registry.PlannedRun(notebook="10", minutes=1.0)
    assert run.scales == ("smoke", "tiny", "lab", "full")
    assert run.skip == ""
