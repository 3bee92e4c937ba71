import json
from dataclasses import asdict

import pandas as pd
import pytest

from lib.scoring.outputs import OutputRow
from lib.workbook.hypotheses import (
    comparison_cost,
    first_started,
    load_outputs,
    load_trainings,
)
from lib.workbook.paths import cache
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
PARAMETERS = 'scale = "smoke"\nsource = "est"\ntarget = "eng"\ncorpus = "phrasebook"\nseed = 1'


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


def write_training(number="10", updates=2, **changes):
    run = write_record(number, **changes)
    rows = [{"system": "direct", "update": update} for update in range(1, updates + 1)]
    pd.DataFrame(rows).to_csv(run.folder / "training.csv", index=False)


def write_system(name, update_seconds=(), decoding_seconds=(), items=10):
    """A system in the cache, with the seconds of each update and of decoding each test set."""
    folder = cache() / name
    (folder / "outputs").mkdir(parents=True)
    if update_seconds:
        table = pd.DataFrame({"update": range(len(update_seconds)), "seconds": update_seconds})
        table.to_csv(folder / "training.csv", index=False)
    for index, seconds in enumerate(decoding_seconds):
        facts = {"hypotheses": [{}] * items, "truncated": [], "seconds": seconds}
        (folder / "outputs" / f"{index}.json").write_text(json.dumps(facts))


def systems(*asked, **same):
    return [row.system for _, row in load_outputs("smoke", *asked, **same)]


def test_rows_come_back_as_they_were_written():
    write_outputs()
    assert list(load_outputs("smoke")) == [(("est", "eng"), ROW)]


def test_the_oldest_run_is_first():
    write_outputs("10", "new", finished="2026-02-01T00:00:00+00:00")
    write_outputs("11", "old", finished="2026-01-01T00:00:00+00:00")
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


def test_the_first_start_counts():
    write_record("10", started="2026-01-02T00:00:00+00:00")
    write_record("11", started="2026-01-01T00:00:00+00:00")
    assert first_started("smoke") == "2026-01-01T00:00:00+00:00"


def test_only_the_starts_of_some_notebooks_count():
    write_record("10", started="2026-01-02T00:00:00+00:00")
    write_record("11", started="2026-01-01T00:00:00+00:00")
    assert first_started("smoke", ["10"]) == "2026-01-02T00:00:00+00:00"


def test_without_runs_nothing_has_started():
    write_record("10", exit="running")
    assert first_started("smoke") == ""


def test_training_tables_name_pair_and_seed():
    write_training(updates=1, parameters={"seed": 3})
    expected = {"system": "direct", "update": 1, "source": "est", "target": "eng", "seed": 3}
    assert load_trainings("smoke").to_dict("records") == [expected]


def test_training_tables_are_joined():
    write_training("10", updates=2)
    write_training("11", updates=1)
    assert load_trainings("smoke")["update"].tolist() == [1, 2, 1]


def test_only_the_trainings_of_some_runs_are_read():
    write_training("10", updates=2)
    write_training("10", updates=1, parameters={"corpus": "own"})
    write_training("11", updates=3)
    assert len(load_trainings("smoke", ["10"], corpus="phrasebook")) == 2


def test_runs_without_trainings_give_an_empty_table():
    write_record("10")
    assert load_trainings("smoke").empty


def test_a_comparison_costs_two_average_trainings():
    write_system("a", [20.0, 40.0], [6.0])
    write_system("b", [90.0, 90.0])
    write_record("10", systems={"direct": "a", "cascade": "b"})
    assert comparison_cost("smoke").training_minutes == pytest.approx(4.0)


def test_a_comparison_costs_two_decodings():
    write_system("a", [60.0], [6.0, 12.0])
    write_record("10", systems={"direct": "a"})
    assert comparison_cost("smoke").decoding_minutes == pytest.approx(30.0)


def test_a_system_that_runs_share_is_counted_once():
    write_system("a", [60.0], [6.0])
    write_system("b", [180.0])
    write_record("10", systems={"direct": "a"})
    write_record("11", systems={"direct": "a", "cascade": "b"})
    assert comparison_cost("smoke").training_minutes == pytest.approx(4.0)


def test_only_the_systems_of_some_notebooks_are_counted():
    write_system("a", [60.0], [6.0])
    write_system("b", [180.0], [6.0])
    write_record("10", systems={"direct": "a"})
    write_record("11", systems={"cascade": "b"})
    assert comparison_cost("smoke", ["10"]).training_minutes == pytest.approx(2.0)


@pytest.mark.parametrize(("trained", "decoded"), [([], [6.0]), ([60.0], []), ([], [])])
def test_a_cost_that_was_not_measured_is_not_known(trained, decoded):
    write_system("a", trained, decoded)
    write_record("10", systems={"direct": "a"})
    assert comparison_cost("smoke") is None
