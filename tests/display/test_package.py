import ast
from pathlib import Path

import pytest

import lib.display

MODULES = sorted(Path(lib.display.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_display_knows_no_system(path):
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    imported = [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    assert not [name for name in imported if name.startswith(("lib.systems", "lib.workbook"))]
