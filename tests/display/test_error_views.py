from dataclasses import replace

import pandas as pd
import pytest

from lib.display import error_views
from lib.scoring.hallucination import RATES, rate
from lib.scoring.two_systems import rank_differences, win_tie_loss
from tests.display.outputs import MARKUP, is_escaped, output_rows


@pytest.fixture
def rows():
    return output_rows("good", 0.1)


@pytest.fixture
def others():
    return output_rows("bad", 0.6)


def test_wins_ties_and_losses_add_up_to_all_clips(rows, others):
    found = win_tie_loss(rows + others, "good", "bad")
    body = error_views.win_tie_loss({"chrF++": found, "again": found}).body
    cells = body.split("<td>chrF++</td>")[1].split("</tr>")[0].split("<td>")[1:]
    assert sum(float(cell.split(" ")[0]) for cell in cells) == pytest.approx(100, abs=0.1)
    assert len(cells) == 3 and body.count("<tr>") == 3


def test_rates_are_shown_with_their_intervals(rows):
    empty = [replace(row, hypothesis="" if n % 4 else "a") for n, row in enumerate(rows)]
    body = error_views.hallucination({"whole": rows, "empty": empty}).body
    found = rate(empty, "empty")
    assert f"75.0 ({found.low:.1f} to {found.high:.1f})" in body
    assert body.count("<tr>") == 3 and all(f"<th>{name}, %</th>" in body for name in RATES)
    assert "<td class='number'>6.00</td>" in body  # tokens


def test_names_of_sets_and_metrics_are_escaped(rows, others):
    assert is_escaped(error_views.hallucination({MARKUP: rows}).body)
    assert is_escaped(error_views.win_tie_loss({MARKUP: win_tie_loss(
        rows + others, "good", "bad")}).body)


def test_clips_where_one_is_ahead_come_before_those_where_it_is_behind(rows, others):
    differences = [float(n) for n in range(24)]
    clips = error_views.where_they_differ(rows, others, differences, count=2)
    assert [row["difference"] for row in clips.rows] == [23.0, 22.0, 0.0, 1.0]
    assert clips.rows[2]["reference"] == rows[0].reference
    assert clips.caption == "good ahead by most, and behind by most, of 24 clips"


def test_no_clip_is_shown_twice(rows, others):
    clips = error_views.where_they_differ(rows[:3], others[:3], [1.0, 2.0, 3.0], count=5)
    assert [row["difference"] for row in clips.rows] == [3.0, 2.0, 1.0]


def test_errors_of_both_systems_are_marked(rows, others):
    clips = error_views.where_they_differ(rows, others, [0.0] * 24, count=12)
    marked = [row["bad"] for row in clips.rows]
    assert sum(text.count("<span class='wrong'>") for text in marked) > 24
    assert "<span class='wrong'>" in clips.to_html()


def test_the_outputs_that_metrics_rank_most_differently_are_shown(rows):
    scores = {"a": [float(n) for n in range(24)], "b": [float(n) for n in range(24)]}
    scores["b"][0], scores["b"][23] = 23.0, 0.0
    clips = error_views.disagreement(rows, scores, rank_differences(scores), count=2)
    assert [row["reference"] for row in clips.rows] == [rows[0].reference, rows[23].reference]
    assert [row["difference of ranks"] for row in clips.rows] == [-0.96, 0.96]
    assert [(row["a"], row["b"]) for row in clips.rows] == [(0.0, 23.0), (23.0, 0.0)]
    assert [row["metrics"] for row in clips.rows] == ["a − b"] * 2


def test_texts_and_names_of_systems_are_escaped(rows, others):
    bad = [
        [replace(r, strategy=f"{s} {MARKUP}", reference=MARKUP, hypothesis=MARKUP) for r in own]
        for own, s in ((rows, "one"), (others, "two"))
    ]
    assert is_escaped(error_views.where_they_differ(*bad, [0.0] * 24, 2).to_html())
    ranks = pd.DataFrame({MARKUP: [0.0] * 24})
    scores = {MARKUP: [0.0] * 24}
    assert is_escaped(error_views.disagreement(bad[0], scores, ranks, 2).to_html())
