"""The rules that every committed notebook keeps."""

import ast
from functools import cache

import nbformat
import pytest

from lib.systems.registry import ABLATIONS, study_runs
from lib.workbook.execute import KERNEL
from lib.workbook.notebooks import notebooks

ALL = notebooks()
STUDIES = ("gmu", "it_ist", "llm_srt", "zero_resource", "transfer", "recordings", *ABLATIONS[:-1])
STUDIED = {run.notebook for name in STUDIES for run in study_runs(name, "tiny", {})}
NUMBERS = {book.number for book in ALL}
# calls that train, decode or read outputs: predictions are recorded before them
TRAINING = ("train(", "fine_tune(", "_backbone(", "load_outputs(", "make_here(")


@cache
def content(book):
    return nbformat.read(book.path, as_version=4)


def code(book):
    return [cell for cell in content(book).cells if cell.cell_type == "code"]


def nodes(cell):
    return list(ast.walk(ast.parse(cell.source)))


def cells_with(book, *texts):
    """The indices of the code cells that hold one of some texts."""
    sources = [cell.source for cell in code(book)]
    return [i for i, source in enumerate(sources) if any(text in source for text in texts)]


@pytest.mark.parametrize("book", ALL, ids=lambda book: book.path.stem)
class TestNotebook:
    def test_no_outputs(self, book):
        assert [cell.outputs for cell in code(book) if cell.outputs] == []

    def test_no_traces_of_a_run(self, book):
        traces = [c for c in code(book) if c.execution_count or "papermill" in c.metadata]
        assert traces == []

    def test_metadata_holds_what_is_needed(self, book):
        assert set(content(book).metadata) == {"kernelspec", "language_info", "workbook"}

    def test_the_kernel_is_the_workbooks(self, book):
        assert content(book).metadata.kernelspec.name == KERNEL

    def test_it_is_part_of_the_workbook_or_of_a_study(self, book):
        assert book.metadata.runs or book.number in STUDIED

    def test_its_runs_have_its_parameters(self, book):
        for parameters in book.metadata.runs:
            book.check(parameters)

    def test_it_waits_for_notebooks_that_exist(self, book):
        assert set(book.metadata.after) <= NUMBERS

    def test_at_most_25_code_cells(self, book):
        assert len(code(book)) <= 25

    def test_at_most_12_lines_a_cell(self, book):
        assert [c.source for c in code(book) if len(c.source.splitlines()) > 12] == []

    def test_no_definitions(self, book):
        kinds = (ast.ClassDef, ast.FunctionDef)
        assert [n for cell in code(book) for n in nodes(cell) if isinstance(n, kinds)] == []

    def test_every_parameter_is_used(self, book):
        others = [c for c in code(book) if "parameters" not in c.metadata.get("tags", [])]
        names = {n.id for cell in others for n in nodes(cell) if isinstance(n, ast.Name)}
        assert book.parameters.keys() <= names

    def test_parameters_come_first(self, book):
        assert "parameters" in code(book)[0].metadata.get("tags", [])

    def test_finish_comes_last(self, book):
        assert code(book)[-1].source == "run.finish()"

    def test_nothing_that_hangs_papermill(self, book):
        assert cells_with(book, "Output(", "interact") == []

    def test_what_is_judged_was_predicted(self, book):
        assert bool(cells_with(book, "run.judge")) == bool(cells_with(book, "run.predict("))

    def test_predictions_come_before_training(self, book):
        predicted = cells_with(book, "run.predict(")
        later = cells_with(book, "run.judge", *TRAINING)
        assert not predicted or max(predicted) < min(later)
