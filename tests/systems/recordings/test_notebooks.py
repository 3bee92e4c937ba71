"""Notebooks 18 and 19 from the command line: a share, the whole, and the curve through both."""

import pytest

from lib.workbook.measures import curve_points, measures_table
from tests.command_line import succeed

pytestmark = pytest.mark.slow  # it starts kernels


def test_the_curve_has_a_point_for_each_share(tmp_path, monkeypatch):
    for words in (("18", "-p", "share=0.5"), ("18",), ("19",)):
        succeed("run", *words, "--scale", "smoke", outputs=tmp_path)
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path))
    half, whole = sorted(curve_points(measures_table("smoke", ["18"])), key=lambda p: p.hours)
    assert half.hours < whole.hours
    figure = tmp_path / "smoke" / "runs" / "19" / "figures" / "learning_curve.png"
    assert figure.exists()
