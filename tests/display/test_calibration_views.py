from io import StringIO

import pandas as pd
import pytest

from lib.display import calibration_views
from lib.display.html import picture
from lib.scoring.calibration import PERCENT, POINTS, Prediction


def prediction(claim="GMU-1", value=2.0, predicted=(0.0, 100.0), **changes):
    facts = {
        "claim": claim,
        "of_paper": True,
        "registration": "before the run",
        "unit": POINTS,
        "predicted": predicted,
        "value": value,
        "interval": (value - 1, value + 1),
        "verdict": "held",
    }
    return Prediction(**facts | changes)


def shares(*known):
    return pd.read_html(StringIO(calibration_views.shares(known).body))[0]


def labels(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_papers_and_the_workbook_before_and_after_are_counted_apart():
    found = shares(
        prediction("A"),
        prediction("B", of_paper=False),
        prediction("C", registration="post hoc", value=-2.0),
    )
    assert found[["predicted", "claims", "number", "inside"]].values.tolist() == [
        ["before the run", "of a paper", 1, 1],
        ["before the run", "the workbook's", 1, 1],
        ["post hoc", "of a paper", 1, 0],
        ["all", "all", 3, 2],
    ]


def test_shares_have_intervals_and_chance():
    found = shares(*(prediction(f"X-{n}", n) for n in range(-2, 5)))
    assert found.loc[0, "inside, %"] == "57 (25 to 84)"
    assert found.loc[0, "by chance, %"] == 57
    assert found.loc[0, "ranges with one end"] == 7


def test_nothing_to_count_is_said():
    assert "No prediction is measured yet" in calibration_views.shares([]).body


def test_every_claim_is_drawn_with_its_range_the_first_on_top():
    known = [
        prediction("A"),
        prediction("B", 0.5, (-100.0, 1.0), verdict="inconclusive"),
        prediction("C", 3.0, (-1.0, 1.0), verdict="failed"),
        prediction("D", 95.0, (90.0, 100.0), unit=PERCENT),
    ]
    assert labels(calibration_views.ranges(known))[::-1] == [
        "A  over 0",
        "B  under 1",
        "C  -1 to 1",
        "D  90 to 100",
    ]


@pytest.mark.parametrize("value", [-80.0, 80.0])
def test_what_lies_outside_the_picture_is_drawn_at_its_edge(value):
    known = [prediction("A", value, (-1.0, 1.0), verdict="failed")]
    axes = calibration_views.ranges(known).axes[0]
    drawn = [x for line in axes.lines for x in line.get_xdata()]
    low, high = axes.get_xlim()
    assert drawn and all(low <= x <= high for x in drawn)
    assert {line.get_marker() for line in axes.lines} & {"<", ">"}


def test_nothing_is_an_empty_picture():
    assert picture(calibration_views.ranges([]), "").png
