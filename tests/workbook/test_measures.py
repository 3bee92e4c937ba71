"""Measures of runs as a table, and as points of a learning curve."""

import pytest

from lib.workbook.measures import COLUMNS, curve_points, earlier_points, measures_table
from tests.workbook.cases import use_folder, write_notebook, write_record

PARAMETERS = 'scale = "smoke"\nsource = "mdw"\ncorpus = "own"\nshare = 1.0\nseed = 1'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path, parameters=PARAMETERS)
    return tmp_path


def write(share, hours, cer, exit="finished", **measures):
    given = {"scale": "smoke", "source": "mdw", "corpus": "own", "share": share, "seed": 1}
    found = {"training_hours": hours, "cer": cer, **measures} if hours else measures
    write_record(parameters=given, measures=found, exit=exit)


def test_each_measure_of_a_finished_run_is_a_row():
    write(0.5, 0.25, 60.0)
    write(1.0, 0.5, 50.0, exit="failed: cell 3")
    table = measures_table("smoke", ["77"])
    assert list(table.columns) == COLUMNS
    assert set(table["run"]) == {"77,share=0.5"} and set(table["corpus"]) == {"own mdw"}
    assert dict(zip(table["measure"], table["value"], strict=True)) == {
        "training_hours": 0.25,
        "cer": 60.0,
    }


def test_runs_of_other_notebooks_and_parameters_are_left_out():
    write(0.5, 0.25, 60.0)
    assert measures_table("smoke", ["78"]).empty
    assert measures_table("smoke", ["77"], seed=2).empty
    assert len(measures_table("smoke", ["77"], seed=1)) == 2


def test_points_have_their_hours():
    write(0.5, 0.25, 60.0)
    write(1.0, 0.5, 50.0)
    points = curve_points(measures_table("smoke", ["77"]))
    assert sorted((p.hours, p["cer"]) for p in points) == [(0.25, 60.0), (0.5, 50.0)]


def test_a_run_that_does_not_say_its_hours_is_no_point():
    write(1.0, None, None, peak_memory_mb=3.0)
    assert curve_points(measures_table("smoke", ["77"])) == []


def test_earlier_points_are_those_here_and_those_committed(tmp_path):
    write(1.0, 0.5, 50.0)
    kept = tmp_path / "reference" / "smoke-recordings"
    kept.mkdir(parents=True)
    table = measures_table("smoke", ["77"]).assign(run="77,other")
    table.to_csv(kept / "measures.csv", index=False)
    assert len(earlier_points("smoke", "77", "recordings", tmp_path / "reference")) == 2
    assert len(earlier_points("smoke", "77", "nothing", tmp_path / "reference")) == 1
