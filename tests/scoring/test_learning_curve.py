"""Learning curves against hand-made points on known lines."""

import math

import pytest

from lib.scoring.learning_curve import CurvePoint, doubling, expected, too_little


def point(hours, **measures):
    return CurvePoint(corpus="x", hours=hours, measures=measures)


LINE = [point(0.25, cer=70.0), point(0.5, cer=60.0), point(1.0, cer=50.0)]


def test_a_line_goes_on():
    found = doubling(LINE, "cer")
    assert found.change == pytest.approx(-10)
    assert found.at_twice == pytest.approx(40)
    assert found.steepest == found.flattest == pytest.approx(-10)


def test_the_order_of_points_does_not_matter():
    assert doubling(LINE[::-1], "cer") == doubling(LINE, "cer")


def test_a_bent_curve_shows_its_steps():
    found = doubling([*LINE[:2], point(1.0, cer=58.0)], "cer")
    assert (found.steepest, found.flattest) == (pytest.approx(-10), pytest.approx(-2))
    assert found.change == pytest.approx(-6)


def test_a_step_is_per_doubling():
    found = doubling([point(1.0, cer=60.0), point(4.0, cer=40.0)], "cer")
    assert found.change == found.steepest == pytest.approx(-10)


@pytest.mark.parametrize("points", [[], LINE[:1], [LINE[0], LINE[0]]])
def test_one_amount_has_no_trend(points):
    assert doubling(points, "cer") is None


def test_points_without_the_measure_do_not_count():
    assert doubling([*LINE, point(8.0)], "cer") == doubling(LINE, "cer")


@pytest.mark.parametrize(
    "hours, found", [(0.5, (50.0, 70.0)), (0.2, (70.0, 70.0)), (2.0, (50.0, 50.0)), (9.0, None)]
)
def test_what_to_expect_is_the_range_of_near_points(hours, found):
    assert expected(LINE, hours, "cer") == found


EFFECTS = [point(0.25, low=-1.0), point(0.5, low=-0.2), point(2.0, low=0.4)]


@pytest.mark.parametrize(
    "hours, little", [(0.1, None), (0.25, True), (0.9, True), (1.0, False), (5.0, False)]
)
def test_too_little_where_nothing_near_or_below_showed_an_effect(hours, little):
    assert too_little(EFFECTS, hours, "low") is little


def test_an_effect_of_zero_is_none():
    assert too_little([point(1.0, low=0.0)], 1.0, "low") is True
    assert too_little([point(1.0, low=math.ulp(0.0))], 1.0, "low") is False
