import pytest

from lib.display.curve import MAX_POINTS, Curve
from tests.display.outputs import MARKUP

UPDATES = 20_000


@pytest.fixture(scope="module")
def page():
    """A long run with four evaluations and one loss that is not a number."""
    curve = Curve(MARKUP, UPDATES)
    for update in range(1, UPDATES + 1):
        loss = float("nan") if update == 7 else 5.0 / update
        curve.add(update, loss, 10.0 if update % (UPDATES // 4) == 0 else None)
    return curve.page(MARKUP).body


def test_a_long_run_stays_small(page):
    assert len(page) < 16 * 2 * MAX_POINTS + 3000


def test_stage_and_caption_are_escaped(page):
    assert MARKUP not in page


def test_losses_that_are_not_finite_are_not_drawn(page):
    assert "nan" not in page


def test_each_evaluation_is_a_marker(page):
    assert page.count("<circle") == 4


def test_the_last_loss_is_shown(page):
    assert f"→ {5.0 / UPDATES:.3g}" in page


def test_a_curve_without_points_is_drawn():
    assert "<polyline" not in Curve("stage", 10).page("waiting").body
