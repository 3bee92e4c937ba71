import json
from dataclasses import asdict

import pytest

from lib.scoring.outputs import OutputRow
from lib.workbook.hypotheses import load_outputs
from tests.workbook.cases import use_folder, write_notebook, write_record

ROW = OutputRow(
    system="some",
    strategy="direct",
    stage="st",
    task="ST",
    source="est",
    target="eng",
    subset="test",
    seed=1,
    id="a",
    speaker="ann",
    seconds=1.5,
    audio="a.wav",
    reference="good morning",
    hypothesis="good evening",
    tokens=3,
    log_probability=-1.0,
    ending="end",
)
PARAMETERS = 'scale = "smoke"\nsource = "est"\ntarget = "eng"\ncorpus = "phrasebook"'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    for number in ("10", "11"):
        write_notebook(tmp_path, number=number, parameters=PARAMETERS)
    write_notebook(tmp_path, number="90")
    return tmp_path


def write_outputs(number="10", system="some", **changes):
    run = write_record(number, **changes)
    line = json.dumps({"run": run.name, **asdict(ROW), "system": system})
    (run.folder / "hypotheses.jsonl").write_text(f"{line}\n")


def systems(*asked, **same):
    return [row.system for _, row in load_outputs("smoke", *asked, **same)]


def test_rows_come_back_as_they_were_written():
    write_outputs()
    assert list(load_outputs("smoke")) == [(("est", "eng"), ROW)]


def test_the_oldest_run_is_first():
    write_outputs("10", "new", finished="2026-02-01")
    write_outputs("11", "old", finished="2026-01-01")
    assert systems() == ["old", "new"]


def test_only_some_notebooks_are_read():
    write_outputs("10", "ten")
    write_outputs("11", "eleven")
    assert systems(["11"]) == ["eleven"]


def test_runs_with_other_parameters_are_left_out():
    write_outputs("10", "phrasebook")
    write_outputs("10", "own", parameters={"corpus": "own"})
    assert systems(corpus="phrasebook") == ["phrasebook"]


def test_parameters_that_a_run_does_not_have_do_not_matter():
    write_outputs()
    assert systems(processes=1) == ["some"]


@pytest.mark.parametrize("exit", ["running", "failed: no room"])
def test_unfinished_runs_are_left_out(exit):
    write_outputs(exit=exit)
    assert systems() == []


def test_runs_without_outputs_are_left_out():
    write_record("10")
    assert systems() == []


def test_runs_without_a_pair_are_left_out():
    write_outputs("90")
    assert systems() == []
