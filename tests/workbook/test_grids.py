"""Grids of real systems at smoke: made by the runner's jobs or in one process, and read."""

import re

import pytest

from lib.files import read_json
from lib.systems.grid import Grid
from lib.workbook import grids
from lib.workbook.notebooks import BadParameter
from lib.workbook.paths import ROOT
from lib.workbook.plan import grids_in, study_runs
from lib.workbook.record import start_run
from tests.command_line import succeed

GRID = Grid(
    name="filters",
    system="zero_resource",
    strategy="adapter",
    factors={"kernel": (1, 3)},
    seeds=(1,),
    task="ASR",
    metric="CER",
)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    return tmp_path_factory.mktemp("outputs")


@pytest.fixture(scope="module")
def made(outputs):
    """The grid, its points made in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBOOK_OUTPUTS", str(outputs))
        run = start_run("50", scale="smoke", study=False, seed=1)
        grids.make_here(GRID, run)
        run.finish()
    return outputs


@pytest.fixture
def there(made, monkeypatch):
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(made))
    return made


def test_every_point_has_a_record_with_its_measures(there):
    for point in GRID.points():
        manifest = read_json(grids.point_run(point, "smoke").folder / "manifest.json")
        assert manifest["exit"] == "finished"
        assert manifest["parameters"]["change"] == f"kernel={point.label}"
        assert manifest["made_in"] == "50"
        assert manifest["measures"]["trained_parameters"] > 0
        assert manifest["scores"]
        assert manifest["data"]


def test_scores_are_read_from_the_records_alone(there):
    found = grids.scores(GRID, "smoke")
    assert found.missing == 0
    assert list(found.outputs) == [("1",), ("3",)]
    assert found.difference(("3",)).metric == "CER"
    assert "kernel" in grids.table(GRID, "smoke").body


def test_a_grid_began_with_its_first_point(there):
    started = [
        read_json(grids.point_run(point, "smoke").folder / "manifest.json")["started"]
        for point in GRID.points()
    ]
    assert "" < grids.since(GRID, scale="smoke") <= min(started)
    assert grids.since(GRID, scale="tiny") == ""


def test_a_finished_point_is_not_made_again(there, monkeypatch):
    def refuse(*_):
        raise AssertionError("trained again")

    monkeypatch.setattr(grids, "train_point", refuse)
    run = start_run("50", scale="smoke", study=False, seed=1)
    grids.make_here(GRID, run)
    run.finish()


def test_the_runner_takes_a_point_made_in_a_notebook_for_done(there):
    assert grids.cost(GRID, scale="smoke").body.count("<td class='number'>0</td>") == 1


def test_the_systems_of_a_grid_can_be_opened(there):
    run = start_run("50", scale="smoke", study=False, seed=1)
    opened = grids.open_points(GRID, run)
    run.finish()
    assert [one.strategy.kernel for (one,) in opened.values()] == [1, 3]


def test_a_point_without_a_record_is_counted_as_missing(there):
    wider = Grid(**{**GRID.__dict__, "factors": {"kernel": (1, 3, 5)}})
    assert grids.scores(wider, "smoke").missing == 1


def test_a_grid_of_another_notebook_is_left_to_the_runner(there):
    run = start_run("50", scale="smoke", study=False, seed=1)
    with pytest.raises(ValueError, match="use make"):
        grids.make_here(Grid(name="pairs", notebook="10", factors={"source": ("est",)}), run)
    run.finish()


def test_a_parameter_that_the_notebook_lacks_is_refused():
    grid = Grid(name="pairs", notebook="10", factors={"sauce": ("est",)}, seeds=())
    with pytest.raises(BadParameter, match="did you mean 'source'"):
        grids.point_run(grid.points()[0], "smoke")


# ---- a question of one's own, as the README shows it ----


def readme_grid():
    """The code block of the README that defines a grid."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return next(
        block for block in re.findall(r"```python\n(.*?)```", text, re.S) if "Grid(" in block
    )


def test_a_question_of_ones_own_takes_under_ten_lines():
    assert len(readme_grid().strip().splitlines()) < 10


@pytest.fixture(scope="module")
def asked(outputs, made, tmp_path_factory):
    """The README's question, run at smoke by the command line on its file."""
    path = tmp_path_factory.mktemp("question") / "my_question.py"
    fewer = 'grid = grid.only(seeds=(1, 2), rank=("4", "16"))'
    path.write_text(f"{readme_grid()}\n{fewer}\n", encoding="utf-8")
    return path, succeed("run", "--study", path, "--scale", "smoke", outputs=outputs)


def test_a_question_of_ones_own_is_run_from_its_file(asked, there):
    path, printed = asked
    runs = study_runs(str(path), "smoke", {})
    assert f"{len(runs)} runs, {len(runs)} left" in printed
    for run in runs:
        assert read_json(run.folder / "manifest.json")["exit"] == "finished"


def test_a_question_of_ones_own_is_answered_with_intervals(asked, there):
    path, _ = asked
    (grid,) = grids_in(path)
    found = grids.scores(grid, "smoke")
    assert found.missing == 0
    levels = list(found.outputs)
    assert found.difference(levels[1]).seeds == 2
    assert " to " in grids.table(grid, "smoke").body


def test_a_file_without_a_grid_is_refused(tmp_path):
    (tmp_path / "none.py").write_text("question = 1\n", encoding="utf-8")
    with pytest.raises(BadParameter, match="defines no Grid"):
        study_runs(str(tmp_path / "none.py"), "smoke", {})
    with pytest.raises(BadParameter, match="there is no file"):
        study_runs(str(tmp_path / "not.py"), "smoke", {})


# ---- a grid of another notebook ----


@pytest.fixture(scope="module")
def by_pair(outputs, made):
    """Notebook 10 on one pair with two seeds, made by the runner."""
    grid = Grid(
        name="pairs",
        notebook="10",
        factors={"source": ("est",)},
        seeds=(1, 2),
        strategy="direct",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBOOK_OUTPUTS", str(outputs))
        assert grids.make(grid, "smoke", jobs=1) == 0
    return grid


@pytest.mark.slow
def test_the_points_of_another_notebook_are_its_runs(by_pair, there):
    found = grids.scores(by_pair, "smoke")
    assert found.seeds(("est",)) == [1, 2]
    assert {row.strategy for row in found.first_seed()} == {"est"}
    assert found.baseline(("est",)) is not None


@pytest.mark.slow
def test_one_of_several_strategies_must_be_named(by_pair, there):
    unnamed = Grid(**{**by_pair.__dict__, "strategy": ""})
    with pytest.raises(ValueError, match="set strategy= to one of them"):
        grids.scores(unnamed, "smoke")
