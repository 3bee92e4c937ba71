import pytest

from lib.workbook import cost
from lib.workbook.cost import cost_line, cost_row
from lib.workbook.plan import notebook_run
from tests.workbook.cases import use_folder, write_notebook, write_record


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """`runs(scale)`: three runs of six minutes at `tiny`."""
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path / "outputs"))
    use_folder(monkeypatch, tmp_path)
    write_notebook(
        tmp_path,
        number="04",
        parameters='scale = "smoke"\nsystem = "gmu"\nseed = 1',
        metadata={"minutes": 6.0},
    )
    return lambda scale, **given: [
        notebook_run("04", {"scale": scale, "seed": seed, **given}) for seed in (1, 2, 3)
    ]


def finish(run, seconds):
    write_record("04", run.scale, parameters=run.parameters, seconds=seconds)


def test_what_is_left_costs_its_expected_minutes(runs):
    row = cost_row(runs("tiny"))
    assert (row["runs"], row["left"], row["core-minutes"]) == (3, 3, 18.0)
    assert row["energy (Wh)"] == pytest.approx(18 / 60 * cost.WATTS_PER_CORE)


def test_finished_runs_set_the_pace(runs):
    made = runs("tiny")
    finish(made[0], seconds=180.0)
    row = cost_row(made)
    assert (row["left"], row["core-minutes"], row["basis"]) == (2, 6.0, "1 finished runs")


def test_nothing_is_promised_of_a_larger_scale_before_its_first_run(runs):
    made = runs("lab")
    assert cost_row(made)["core-minutes"] == cost.UNKNOWN
    finish(made[0], seconds=600.0)
    assert cost_row(made)["core-minutes"] == 20.0


def test_the_full_scale_counts_gpu_hours_where_a_paper_states_them(runs):
    assert cost_row(runs("full"))["GPU hours (A100)"] == 3 * 18
    other = cost_row(runs("full", system="it_ist"))
    assert other["GPU hours (A100)"] == "python -m lib.workbook plan --scale full"


def test_nothing_left_costs_nothing(runs):
    made = runs("tiny")
    for run in made:
        finish(run, seconds=60.0)
    assert cost_line(made) == "3 runs, 0 left"


def test_a_terminal_has_one_line(runs):
    line = "3 runs, 3 left, core-minutes: 18.0, energy (Wh): 3.6, basis: expected, not timed"
    assert cost_line(runs("tiny")) == line
