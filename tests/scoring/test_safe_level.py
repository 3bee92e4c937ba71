from dataclasses import replace

import pytest

from lib.scoring.comparisons import subtract_runs
from lib.scoring.safe_level import OPEN, SAFE, UNSAFE, largest_safe
from tests.scoring.cases import make_rows


def cost(share, seeds=(1, 2, 3)):
    """The difference in WER of a share of wrong words to a tenth of them."""
    runs = {s: make_rows("coarse", s, share) for s in seeds}
    finest = {s: make_rows("fine", s, 0.1) for s in seeds}
    return subtract_runs(runs, finest, "WER").estimate()


@pytest.fixture(scope="module")
def costs():
    return {"4": cost(0.1), "8": cost(0.11), "16": cost(0.5)}


def test_a_ratio_is_safe_where_the_whole_interval_is_within_the_margin(costs):
    found = largest_safe("2", costs, 10.0, "WER")
    assert [c.verdict for c in found.costs] == [SAFE, SAFE, UNSAFE]
    assert found.largest == "8"
    assert 0 < found.left == pytest.approx(10.0 - found.costs[1].high)


def test_a_safe_ratio_beyond_an_unsafe_one_does_not_count(costs):
    found = largest_safe("2", {"4": costs["16"], "8": costs["4"]}, 10.0, "WER")
    assert found.largest == "2"
    assert found.left == 10.0


def test_an_interval_with_the_margin_in_it_leaves_it_open(costs):
    wide = {"4": replace(costs["8"], standard_error=5.0)}
    found = largest_safe("2", wide, costs["8"].value + 1.0, "WER")
    assert found.costs[0].verdict == OPEN
    assert found.largest == "2"


def test_intervals_are_right_together(costs):
    alone = largest_safe("2", {"16": costs["16"]}, 10.0, "WER").costs[0]
    together = largest_safe("2", costs, 10.0, "WER").costs[-1]
    assert together.high - together.low > alone.high - alone.low


def test_a_lower_bleu_is_a_cost():
    runs = {s: make_rows("coarse", s, 0.5) for s in (1, 2, 3)}
    finest = {s: make_rows("fine", s, 0.1) for s in (1, 2, 3)}
    loss = subtract_runs(runs, finest, "BLEU").estimate()
    found = largest_safe("2", {"4": loss}, 5.0, "BLEU")
    assert found.costs[0].value == pytest.approx(-loss.value)
    assert found.costs[0].verdict == UNSAFE


def test_a_margin_of_nothing_is_refused(costs):
    with pytest.raises(ValueError, match="margin=0"):
        largest_safe("2", costs, 0.0, "WER")
