"""The rules that every committed notebook keeps."""

import ast

import pytest

from lib.workbook.execute import KERNEL
from lib.workbook.notebooks import notebooks

ALL = notebooks()


@pytest.mark.parametrize("book", ALL, ids=lambda book: book.path.stem)
class TestNotebook:
    def code(self, book):
        return [cell for cell in book.content.cells if cell.cell_type == "code"]

    def test_no_outputs_and_no_traces_of_a_run(self, book):
        for cell in self.code(book):
            assert not cell.outputs and cell.execution_count is None and "papermill" not in cell.metadata
        assert set(book.content.metadata) == {"kernelspec", "language_info"}
        assert book.content.metadata.kernelspec.name == KERNEL

    def test_short_cells_and_no_definitions(self, book):
        assert len(self.code(book)) <= 25
        for cell in self.code(book):
            assert len(cell.source.splitlines()) <= 12
            assert not any(isinstance(node, (ast.ClassDef, ast.FunctionDef)) for node in ast.walk(ast.parse(cell.source)))

    def test_every_parameter_is_read_later(self, book):
        later = {
            node.id
            for cell in self.code(book)
            if "parameters" not in cell.metadata.get("tags", [])
            for node in ast.walk(ast.parse(cell.source))
            if isinstance(node, ast.Name)
        }
        assert book.parameters.keys() <= later

    def test_starts_with_parameters_and_ends_with_finish(self, book):
        assert "parameters" in self.code(book)[0].metadata.get("tags", [])
        assert self.code(book)[-1].source == "run.finish()"

    def test_nothing_that_hangs_papermill(self, book):
        for cell in self.code(book):
            assert "Output(" not in cell.source and "interact" not in cell.source

    def test_predicts_before_it_judges(self, book):
        sources = [cell.source for cell in self.code(book)]
        judged = [index for index, source in enumerate(sources) if "run.judge(" in source]
        predicted = [index for index, source in enumerate(sources) if "run.predict(" in source]
        trained = [p for p, s in enumerate(sources) if "train(" in s or "fine_tune(" in s or "seamless_backbone(" in s]
        assert bool(judged) == bool(predicted)
        assert not judged or max(predicted) < min(judged + trained)
