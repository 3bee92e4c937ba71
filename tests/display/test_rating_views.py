import pandas as pd
import pytest

from lib.display import rating_views
from lib.scoring.rating_sheets import Ratings
from lib.scoring.ratings import (
    Resampled,
    agreement,
    metric_correlations,
    preference_shares,
    system_scores,
    unit_scores,
)
from tests.display.outputs import MARKUP, is_escaped, output_rows

COLUMNS = ["rater", "item", "clip", "repeat", "system", "other", "value"]
SCORES = {"gmu direct": 40.0, "gmu asr_init": 70.0, "baseline constant": 5.0}


def ratings(lines, kind="direct", problems=()):
    table = pd.DataFrame(lines, columns=COLUMNS)
    missing = {rater: 1 for rater in table["rater"]}
    return Ratings(kind, table, missing, list(problems))


@pytest.fixture(scope="module")
def rated():
    """Two raters who differ by 10; clip-000 is rated against the trend."""
    return ratings([
        (rater, f"item-{clip:03d}", f"clip-{clip:03d}", False, system, "",
         (99.0 if (clip, system) == (0, "gmu direct") else score + clip / 4) - bias)
        for rater, bias in (("ann", 0), ("bob", 10)) for clip in range(24)
        for system, score in SCORES.items()
    ], problems=[f"ann.csv:2: 0-100 for A is {MARKUP}"])


@pytest.fixture(scope="module")
def rows():
    return output_rows("direct", 0.6) + output_rows("asr_init", 0.1)


def test_agreement_is_shown_with_each_rater(rated):
    body, alpha = rating_views.raters(rated).body, agreement(rated)
    shown = f"raters: {alpha.value:.2f} ({alpha.low:.2f} to {alpha.high:.2f})"
    assert shown in body and "repeated items: not defined" in body
    assert body.count("<tr>") == 3 and "<td>bob</td>" in body


def test_problems_are_shown_up_to_a_number(rated):
    body = rating_views.raters(rated).body
    assert is_escaped(body) and "Problems in the files: 1<" in body
    assert "ann.csv" not in rating_views.raters(rated, shown=0).body


def test_names_of_raters_are_escaped():
    lines = [(MARKUP, "i", "c", False, "gmu direct", "", 5.0)]
    assert is_escaped(rating_views.raters(ratings(lines)).body)


def test_systems_are_shown_with_their_intervals(rated):
    first = system_scores(rated)[0]["rating"]
    body = rating_views.results(system_scores(rated)).body
    assert f"<td>{first.value:.1f} ({first.low:.1f} to {first.high:.1f})</td>" in body
    assert body.index("gmu asr_init") < body.index("gmu direct") < body.index("baseline constant")


def test_shares_of_preferences_are_shown():
    lines = [("ann", f"i{n}", f"c{n}", False, "gmu a", MARKUP, value)
             for n, value in enumerate([1.0, 1.0, 0.0, -1.0])]
    body = rating_views.results(preference_shares(ratings(lines, "preference"))).body
    assert "<td>50.0 (" in body and is_escaped(body)


def test_correlations_have_two_decimals():
    body = rating_views.results([{"metric": "BLEU", "Pearson": Resampled(0.123, -0.3, 0.5)}]).body
    assert "<td>0.12 (-0.30 to 0.50)</td>" in body


def test_a_correlation_that_is_not_defined_is_empty(rated, rows):
    units = unit_scores(rated, rows).assign(BLEU=1.0)
    assert "<td>BLEU</td><td></td>" in rating_views.results(metric_correlations(units)).body


def test_the_most_disputed_output_comes_first_with_its_texts(rated, rows):
    units = unit_scores(rated, rows)
    body = rating_views.disputed(units, "chrF++", rows, count=3).body
    assert body.count("<tr>") == 4
    assert body.split("<tr>")[2].startswith("<td>clip-000</td>")
    assert f"gmu direct: {rows[0].hypothesis}" in body and rows[0].reference in body


def test_disputed_outputs_are_escaped(rated):
    rows = output_rows("direct", hypotheses=[MARKUP] * 24) + output_rows("asr_init", 0.1)
    assert is_escaped(rating_views.disputed(unit_scores(rated, rows), "BLEU", rows).body)


def test_of_preferences_both_outputs_are_shown(rows):
    lines = [("ann", f"i{n}", f"clip-{n:03d}", False, "gmu asr_init", "gmu direct", 1.0)
             for n in range(24)]
    units = unit_scores(ratings(lines, "preference"), rows)
    body = rating_views.disputed(units, "BLEU", rows, count=1).body
    assert "<th>output 2</th>" in body and "gmu direct: " in body and "gmu asr_init: " in body
