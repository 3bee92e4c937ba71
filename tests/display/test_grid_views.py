from dataclasses import replace

import pytest

from lib.display import grid_views
from lib.scoring.grid_scores import GridScores
from lib.scoring.safe_level import largest_safe
from tests.scoring.cases import make_rows

SHARES = {"2": 0.1, "8": 0.2, "<b>16</b>": 0.6}


@pytest.fixture
def found():
    outputs = {}
    for level, share in SHARES.items():
        for sound in ("clean", "fast"):
            own = {seed: make_rows("any", seed, share) for seed in (1, 2, 3)}
            own[1] = own[1] + [replace(r, system="baseline", hypothesis="one") for r in own[1]]
            outputs[level, sound] = own
    measures = {("2", "clean"): {1: {"position_seconds": 0.02, "trained_parameters": 12_345.0}}}
    return GridScores(
        factors=("ratio", "sound"),
        outputs=outputs,
        measures=measures,
        reference=("2", "clean"),
        missing=2,
    )


def test_every_score_has_its_interval(found):
    body = grid_views.scores(found, ["position_seconds", "trained_parameters"]).body
    assert body.count(" to ") == 1 + 6 + 4  # a heading, six scores, four differences
    assert "<td>20</td>" in body
    assert "<td>12</td>" in body  # thousands


def test_levels_are_shown_as_text(found):
    body = grid_views.scores(found).body
    assert "<b>16" not in body
    assert "&lt;b&gt;16" in body


def test_missing_points_are_said(found):
    assert "2 points have no record yet" in grid_views.scores(found).body


def test_a_chart_has_a_panel_for_each_level_of_the_other_factors(found):
    figure = grid_views.chart(found)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["clean", "fast"]


def test_ratios_stand_on_a_scale_of_doublings(found):
    outputs = {k: v for k, v in found.outputs.items() if k[0] in ("2", "8")}
    figure = grid_views.chart(replace(found, outputs=outputs))
    assert {axes.get_xscale() for axes in figure.axes} == {"log"}
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["2", "8"]


def test_nothing_to_draw_is_said(found):
    figure = grid_views.chart(replace(found, outputs={}))
    assert figure.axes[0].get_title(loc="left") == "no results yet"


def test_the_largest_safe_level_is_shown_with_what_is_left(found):
    costs = {level: found.difference((level, "clean"), metric="WER") for level in list(SHARES)[1:]}
    body = grid_views.safe_levels(largest_safe("2", costs, 30.0, "WER"), "WER").body
    assert "The largest level that is shown to be safe is 8" in body
    assert "not safe" in body


def test_no_safe_level_is_said(found):
    costs = {level: found.difference((level, "clean"), metric="WER") for level in list(SHARES)[1:]}
    body = grid_views.safe_levels(largest_safe("2", costs, 0.5, "WER"), "WER").body
    assert "No level is shown to cost at most 0.5 points" in body


def test_costs_of_several_grids_share_columns():
    rows = {"one": {"runs": 3, "left": 0}, "two": {"runs": 2, "left": 2, "core-minutes": 9.0}}
    assert grid_views.cost(rows).body.count("<td") == 2 * 4
