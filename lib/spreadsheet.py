"""Texts of corpora and models in tables that people open in a spreadsheet, which runs formulas."""

from __future__ import annotations

import re

# some countries' spreadsheets take ";" for a separator, and some take the wide signs, too
_STARTS = r"(^|[;\t\r\n]){}('* *[=+\-@＝＋－＠])"
_FORMULA, _MARKED = re.compile(_STARTS.format("")), re.compile(_STARTS.format("'"))


def as_text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe makes it text."""
    return _FORMULA.sub(r"\1'\2", cell)


def from_text(cell: str) -> str:
    """What `as_text` was given."""
    return _MARKED.sub(r"\1\2", cell)
