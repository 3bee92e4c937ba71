import pandas as pd
import pytest

from lib.scoring.calibration import (
    LEAST,
    PERCENT,
    POINTS,
    Prediction,
    by_chance,
    calibrate,
    predictions,
    spreads,
)
from lib.scoring.claims import DATA, SYSTEM, TRAINING

BLEU = "Gain(strategy='a', over='b', metric='BLEU', task='ST'), pairs all"


def row(claim="GMU-1", **changes):
    """A row of claims.csv."""
    return {
        "claim": claim,
        "paper": "2505.21781",
        "statement": "A beats B (BLEU)",
        "measure": BLEU,
        "about": TRAINING,
        "predicted_low": 0.0,
        "predicted_high": 100.0,
        "measured": 2.0,
        "low": 1.0,
        "high": 3.0,
        "verdict": "held",
        "registration": "before the run",
        "problem": "",
        "run": "16",
    } | changes


def answered(*rows):
    return predictions(pd.DataFrame(rows))


def prediction(claim="X", value=2.0, predicted=(0.0, 100.0), unit=POINTS):
    return Prediction(
        claim=claim,
        of_paper=True,
        registration="before the run",
        unit=unit,
        predicted=predicted,
        value=value,
        interval=(value - 1, value + 1),
        verdict="held",
    )


def values(*numbers, **options):
    return [prediction(f"X-{n}", value, **options) for n, value in enumerate(numbers)]


# ---- which predictions count ----


@pytest.mark.parametrize(
    "changes",
    [
        {"problem": "edited"},
        {"about": DATA},
        {"verdict": "one seed"},
        {"verdict": "not run", "measured": None},
    ],
)
def test_what_was_not_answered_does_not_count(changes):
    assert answered(row(**changes), row("GMU-2")) == answered(row("GMU-2"))


def test_where_nothing_was_run_there_are_no_predictions():
    assert answered(row(verdict="not run", measured=None, run=float("nan"))) == []


def test_a_claim_counts_once_by_the_run_with_the_notebooks_own_parameters():
    rows = [row(run="40,held_out=cat", measured=9.0), row(run="40", measured=4.0)]
    assert [one.value for one in answered(*rows)] == [4.0]


def test_the_order_of_the_table_is_kept():
    rows = [row("GMU-2", run="16,source=gle"), row("GMU-1")]
    assert [one.claim for one in answered(*rows)] == ["GMU-2", "GMU-1"]


@pytest.mark.parametrize(("paper", "of_paper"), [("2505.21781", True), ("this workbook", False)])
def test_papers_are_told_from_the_workbook(paper, of_paper):
    assert answered(row(paper=paper))[0].of_paper is of_paper


@pytest.mark.parametrize(
    ("changes", "unit"),
    [
        ({}, POINTS),
        ({"statement": "A costs no WER"}, POINTS),
        ({"measure": "None, pairs all", "statement": "speech beats silence (BLEU)"}, POINTS),
        ({"measure": "None, pairs all", "statement": "WER (percent)"}, PERCENT),
        ({"measure": "BestShare(...)", "statement": "best (percent of the pairs)"}, PERCENT),
        ({"measure": "None, pairs all", "statement": "rank correlation"}, ""),
    ],
)
def test_units(changes, unit):
    assert answered(row(about=SYSTEM, **changes))[0].unit == unit


# ---- inside or not ----


@pytest.mark.parametrize(
    ("predicted", "unit", "value", "inside"),
    [
        ((0, 100), POINTS, 0.1, True),
        ((0, 100), POINTS, -0.1, False),
        ((0, 100), POINTS, 0.0, False),
        ((-100, 0), POINTS, 0.0, False),
        ((-1, 1), POINTS, 0.0, True),
        ((-1, 1), POINTS, 1.0, True),
        ((0, 2), PERCENT, 0.0, True),
    ],
)
def test_a_value_lies_in_a_range(predicted, unit, value, inside):
    assert prediction(predicted=predicted, unit=unit).holds(value) is inside


@pytest.mark.parametrize(
    ("predicted", "unit", "ends"),
    [
        ((0, 100), POINTS, (False, True)),
        ((-100, 1), POINTS, (True, False)),
        ((-1, 1), POINTS, (False, False)),
        ((60, 100), PERCENT, (False, False)),
        ((-1, 0), "", (False, False)),
    ],
)
def test_ranges_with_one_end(predicted, unit, ends):
    one = prediction(predicted=predicted, unit=unit)
    assert (one.open_low, one.open_high) == ends


@pytest.mark.parametrize(
    ("predicted", "values"),
    [
        ((-1, 1), {-1: 0.0, 0: 0.5, 1: 1.0, 3: 2.0}),
        ((5, 100), {5: 0.0, 15: 1.0, -5: -1.0}),
        ((-100, 3), {3: 1.0, -7: 0.0, 13: 2.0}),
        ((2, 2), {2: 0.0, 3: 1.0}),
    ],
)
def test_values_on_the_scale_of_a_range(predicted, values):
    one = prediction(predicted=predicted)
    assert {value: one.scaled(value, 10.0) for value in values} == values


def test_without_a_spread_a_value_is_its_own_scale():
    assert prediction(value=4.0).scaled(4.0, None) == 1.0
    assert prediction(value=0.0).scaled(0.0, None) == 0.0


# ---- against chance ----


def test_chance_is_the_share_of_the_other_values_in_the_range():
    known = values(5, 1, 2, -3, -4, -5)
    assert by_chance(known[0], known) == pytest.approx(40.0)


def test_a_claim_is_not_its_own_chance():
    known = values(*range(1, 7))
    narrow = prediction("X-0", 1.0, (0.5, 1.5))
    assert by_chance(narrow, [narrow, *known[1:]]) == 0.0


def test_a_range_that_holds_everything_is_no_better_than_chance():
    known = values(*range(-3, 4), predicted=(-99.0, 99.0))
    found = calibrate(known, known)
    assert (found.share, found.by_chance) == (100.0, 100.0)


def test_narrow_ranges_that_are_right_are_better_than_chance():
    known = [prediction(f"X-{n}", n, (n - 0.5, n + 0.5)) for n in range(-10, 10, 2)]
    found = calibrate(known, known)
    assert (found.share, found.by_chance) == (100.0, 0.0)


def test_other_units_are_no_chance():
    known = values(*range(LEAST)) + [prediction("Y", 50.0, (0, 60), PERCENT)]
    assert by_chance(known[-1], known) is None


def test_few_values_are_no_chance():
    known = values(*range(LEAST))
    assert by_chance(known[0], known) is None
    assert spreads(known) == {}


# ---- counts ----


def test_the_share_has_a_wilson_interval():
    """Of 8 in 10: 49.0 to 94.3 (Wilson's formula by hand)."""
    known = values(*[1.0] * 8, *[-1.0] * 2)
    found = calibrate(known, known)
    assert (found.number, found.inside, found.share) == (10, 8, 80.0)
    assert (found.low, found.high) == pytest.approx((49.0, 94.3), abs=0.05)


def test_all_of_few_is_not_certain():
    found = calibrate(values(1.0, 2.0), values(1.0, 2.0))
    assert found.share == 100.0 and found.low < 50.0


def test_widths_are_of_ranges_with_two_ends_in_standard_deviations():
    known = values(-2, 0, 2, -2, 0, 2) + [prediction("Y", 0.0, (-1.0, 1.0))]
    found = calibrate(known, known)
    assert found.one_sided == 6
    assert found.relative_width == pytest.approx(2.0 / spreads(known)[POINTS])


def test_without_ranges_of_two_ends_there_is_no_width():
    assert calibrate(values(1.0), values(1.0)).relative_width is None
