import pytest

from lib.systems import registry
from lib.systems.grid import PlannedRun
from lib.systems.registry import ABLATIONS
from lib.workbook.notebooks import BadParameter, notebooks
from lib.workbook.plan import dependencies, notebook_run, study_runs, workbook_runs
from tests.workbook.cases import use_folder, write_notebook

PAIR = 'scale = "smoke"\nsource = "est"\nseed = 1'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path, number="03", metadata={"runs": [{}]})
    write_notebook(tmp_path, number="10", parameters=PAIR, metadata={"after": ["03"]})
    both = {"after": ["03", "10"], "runs": [{}, {"source": "que"}], "scales": ["tiny"]}
    write_notebook(tmp_path, number="11", parameters=PAIR, metadata=both)
    write_notebook(tmp_path, number="16", metadata={"reads_records": True})
    return tmp_path


def runs(*asked):
    return [notebook_run(number, {"scale": "smoke", **given}) for number, given in asked]


def test_every_run_of_every_notebook_is_planned(folder):
    assert [run.name for run in workbook_runs("tiny")] == ["03", "11", "11,source=que"]


def test_a_run_is_planned_at_its_scales_only(folder):
    assert [run.name for run in workbook_runs("lab")] == ["03"]


def test_every_committed_notebook_is_run():
    names = ("gmu", "it_ist", "llm_srt", "zero_resource", "transfer", "recordings")
    names += ABLATIONS[:-1]
    studies = [run for name in names for run in study_runs(name, "tiny", {})]
    made = {run.notebook.number for run in workbook_runs("tiny") + studies}
    assert made == {entry.number for entry in notebooks()}


def test_the_workbook_leaves_out_long_trainings():
    assert "17" not in {run.notebook.number for run in workbook_runs("tiny")}


@pytest.mark.parametrize("scale", ["smoke", "tiny", "lab", "full"])
def test_the_plan_of_the_committed_notebooks_can_be_ordered(scale):
    planned = workbook_runs(scale)
    assert set(dependencies(planned)) == {run.name for run in planned}


def test_a_run_waits_for_runs_that_may_share_a_system(folder):
    asked = runs(("03", {}), ("10", {}), ("11", {}))
    assert dependencies(asked)["11"] == {"03", "10"}


def test_a_run_does_not_wait_for_another_pair(folder):
    asked = runs(("10", {}), ("10", {"source": "que"}), ("11", {"source": "que"}))
    assert dependencies(asked)["11,source=que"] == {"10,source=que"}


def test_a_run_waits_for_one_with_more_ablations(folder):
    for number, after in (("12", []), ("13", ["12"])):
        write_notebook(
            folder, number=number, parameters=f"{PAIR}\nablate = False", metadata={"after": after}
        )
    asked = runs(("12", {"ablate": True}), ("13", {}))
    assert dependencies(asked)["13"] == {"12,ablate=True"}


def test_a_run_that_reads_records_waits_for_all_before_it(folder):
    asked = runs(("10", {}), ("16", {}), ("11", {"seed": 2}))
    assert dependencies(asked)["16"] == {"10"}


def test_nothing_waits_for_a_run_that_reads_records(folder):
    asked = runs(("16", {}), ("11", {}))
    assert dependencies(asked)["11"] == frozenset()


def test_predecessors_come_first(folder):
    asked = runs(("11", {}), ("16", {}), ("10", {}), ("03", {}))
    assert list(dependencies(asked)) == ["03", "10", "11", "16"]


def use_study(monkeypatch, *planned):
    monkeypatch.setattr(registry, "study_runs", lambda name, scale, parameters: list(planned))


def test_a_studys_parameters_are_parsed(folder, monkeypatch):
    use_study(monkeypatch, PlannedRun(notebook="10", minutes=1.0, parameters={"seed": "3"}))
    assert study_runs("any", "tiny", {})[0].parameters["seed"] == 3


def test_a_run_that_a_study_skips_has_its_reason(folder, monkeypatch):
    use_study(monkeypatch, PlannedRun(notebook="10", minutes=1.0, skip="no corpus"))
    assert study_runs("any", "tiny", {})[0].skip == "no corpus"


def test_an_unknown_study_is_refused(folder):
    with pytest.raises(BadParameter, match="there is no study 'nmu'; the studies are"):
        study_runs("nmu", "tiny", {})


def test_a_study_without_runs_is_refused(folder, monkeypatch):
    use_study(monkeypatch)
    with pytest.raises(BadParameter, match="study any has no runs at tiny"):
        study_runs("any", "tiny", {})
