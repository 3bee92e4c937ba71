import shlex
from collections import Counter

import pytest

from lib.systems.ablations.open_questions import FAMILIES, GRIDS, HOURS, STUDIES
from lib.systems.grid import ONE_SYSTEM, format_changes
from lib.systems.open_questions import FOLDER, PAPERS, QUESTIONS, OpenQuestion
from lib.systems.registry import claims
from lib.systems.variant import open_variant, parse_changes
from lib.workbook.__main__ import main
from lib.workbook.notebooks import notebooks
from lib.workbook.plan import planned_run

ALL = list(QUESTIONS.values())
OF_ONE_SYSTEM = [grid for grid in GRIDS.values() if grid.notebook == ONE_SYSTEM]


class Planned(Exception):
    """What the command line was about to run."""


def runs_of(question, folder, monkeypatch):
    """The runs of a question's command, by the real command line, up to their start."""

    def keep(runs, *_):
        raise Planned(runs)

    monkeypatch.setattr("lib.workbook.runner.run_all", keep)
    words = [word.replace(FOLDER, str(folder)) for word in shlex.split(question.command)]
    with pytest.raises(Planned) as planned:
        main(words)
    return planned.value.args[0]


def every_question(test):
    return pytest.mark.parametrize("question", ALL, ids=lambda question: question.id)(test)


def test_there_are_25_questions():
    counts = Counter(question.paper for question in ALL)
    assert [counts[paper] for paper in PAPERS.values()] == [6, 6, 7, 6]


@every_question
def test_its_notebooks_exist(question):
    assert question.notebooks
    assert set(question.notebooks) <= {book.number for book in notebooks()}


@every_question
def test_its_claims_exist(question):
    assert set(question.claims) <= claims().keys()


@every_question
def test_what_this_machine_cannot_answer_says_what_it_needs(question):
    assert question.answered_at == "tiny" or question.needs


@every_question
def test_its_command_makes_runs_at_the_scale_of_the_answer(question, tmp_path, monkeypatch):
    runs = runs_of(question, tmp_path, monkeypatch)
    assert {run.scale for run in runs} == {question.answered_at}


@every_question
def test_a_run_of_its_notebooks_is_among_those_of_its_command(question, tmp_path, monkeypatch):
    numbers = {run.notebook.number for run in runs_of(question, tmp_path, monkeypatch)}
    assert numbers & set(question.notebooks)


@every_question
def test_runs_of_its_command_are_counted_as_finished(question, tmp_path, monkeypatch):
    runs = runs_of(question, tmp_path, monkeypatch)
    records = [(run.notebook.number, run.parameters) for run in runs]
    assert (question.finished([]), question.finished(records)) == (0, len(runs))


def asked(command, notebook="40"):
    return OpenQuestion(id="ZR-Q9", question="", notebooks=(notebook,), command=command)


def test_a_record_with_further_ablations_counts():
    question = asked('run 40 -p ablate="amount number"')
    assert question.finished([("40", {"ablate": "number quality amount"})]) == 1


@pytest.mark.parametrize("given", [{"ablate": "amount"}, {"ablate": ""}, {}])
def test_a_record_with_fewer_ablations_does_not(given):
    assert asked('run 40 -p ablate="amount number"').finished([("40", given)]) == 0


@pytest.mark.parametrize(
    "record", [("63", {"system": "gmu"}), ("62", {"system": "llm_srt"}), ("63", {})]
)
def test_a_record_of_another_run_does_not(record):
    assert asked("run 63 -p system=llm_srt", "63").finished([record]) == 0


@pytest.mark.parametrize("grid", GRIDS.values(), ids=list(GRIDS))
def test_the_points_of_a_grid_are_runs_of_its_notebook(grid):
    runs = [planned_run(point.run, grid.scales[-1]) for point in grid.points()]
    assert len({run.name for run in runs}) == len(runs)


@pytest.mark.parametrize("grid", OF_ONE_SYSTEM, ids=lambda grid: grid.name)
def test_the_changes_of_a_point_are_read_as_they_were_written(grid):
    for point in grid.points():
        change = point.run.parameters["change"]
        assert format_changes(parse_changes(change)) == change


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Of backbones at `smoke`."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.slow
@pytest.mark.parametrize("grid", OF_ONE_SYSTEM, ids=lambda grid: grid.name)
def test_every_change_of_a_grid_is_of_something_that_exists(grid, cache):
    for point in grid.points():
        if point.seed != grid.seeds[0]:
            continue
        given = point.run.parameters
        # recordings are not here, and a large corpus takes minutes
        changes = parse_changes(given["change"]) | {"recipe.train_contents": 8}
        changes.pop("corpus", None)
        change = format_changes(changes)
        experiment, found = open_variant(
            given["system"], given["strategy"], change, "smoke", 1, cache
        )
        assert experiment.strategy(found.name) == found


def test_a_study_is_refused_at_another_scale():
    with pytest.raises(ValueError, match="hours is made for tiny, not full"):
        STUDIES["hours"]("full", {})


@pytest.mark.parametrize(
    ("name", "example"),
    [("long_questions", "folder=DIR"), ("further_pairs", "corpora=covost2=DIR")],
)
def test_recordings_that_are_not_named_are_asked_for(name, example):
    with pytest.raises(ValueError, match=f"study {name} needs recordings: add -p {example}"):
        STUDIES[name]("full", {})


def test_parameters_of_a_study_reach_every_point():
    runs = STUDIES["long_questions"]("full", {"folder": "/squad"})
    assert all("folder=/squad" in run.parameters["change"] for run in runs)


def test_a_parameter_that_is_a_factor_is_refused():
    with pytest.raises(ValueError, match="'held_out' is a factor and fixed"):
        STUDIES["further_pairs"]("full", {"corpora": "covost2=/c", "held_out": "cat"})


def test_families_are_of_languages_that_no_model_knows():
    from lib.systems.whisper_backbone import LANGUAGES

    pairs = [level["pair"] for level in FAMILIES.levels("spoken").values()]
    assert not {pair.partition("-")[0] for pair in pairs} & set(LANGUAGES)


def test_the_phrasebook_has_as_many_contents_as_hours_asks_for():
    from lib.corpora.phrasebook import Phrasebook
    from lib.systems.llm_srt.recipe import RECIPES
    from lib.systems.whisper_backbone import LANGUAGES

    recipe, (most, *_) = RECIPES["tiny"], sorted(HOURS.factors["recipe.train_contents"])[::-1]
    options = {"train": 1, "dev": 1, "test": 1, "seed": recipe.corpus_seed}
    book = Phrasebook(spoken=LANGUAGES, written=(), breadth=recipe.breadth, **options)
    assert len(book.contents("train", most)) == most
