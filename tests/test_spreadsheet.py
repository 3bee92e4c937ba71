import re

import pytest

from lib.spreadsheet import as_text, from_text

FORMULAS = ["=1+1", "+1", "-x", "@SUM(A1)", "  =1", "'=1", "x;=1", "x\n=1", "\t=1", "＝1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_starts_a_formula(text):
    parts = re.split("[;\n\t]", as_text(text))
    assert not any(re.match(r"\s*[=+\-@＝]", part) for part in parts)


@pytest.mark.parametrize("text", [*FORMULAS, "", "'tis", "a - b", "e-mail", "2 + 2 = 4", "''"])
def test_a_text_comes_back(text):
    assert from_text(as_text(text)) == text


@pytest.mark.parametrize("text", ["", "'tis", "a - b", "e-mail", "2 + 2 = 4"])
def test_other_texts_stay_as_they_are(text):
    assert as_text(text) == text
