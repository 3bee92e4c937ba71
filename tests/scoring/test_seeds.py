from dataclasses import replace

import numpy as np
import pytest

from lib.scoring.comparisons import row_difference
from lib.scoring.seeds import _interval, mean_difference, mean_score, pool
from tests.scoring.cases import make_rows


def runs(*shares, strategy="direct", first_seed=1):
    """Runs whose outputs have these shares of wrong words."""
    return [make_rows(strategy, seed, share) for seed, share in enumerate(shares, first_seed)]


def width(found):
    return found.high - found.low


def test_one_seed_equals_the_paired_bootstrap():
    (one,), (other,) = runs(0.1), runs(0.3)
    expected = row_difference(one, other, "BLEU")
    found = mean_difference([one], [other], "BLEU")
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )


def test_one_seed_has_no_deviation():
    assert mean_score(runs(0.1), "BLEU").std == 0


def test_seeds_widen_the_interval_by_students_t():
    """Scores 10 apart over three seeds: mean ± 4.303 * 10 / sqrt(3)."""
    found = _interval(50.0, np.full(1000, 50.0), 10.0**2 / 3, degrees_of_freedom=2)
    half_width = 4.3027 * 10 / 3**0.5
    assert found == pytest.approx((50 - half_width, 50 + half_width), rel=1e-4)


def test_one_seed_adds_nothing_to_the_interval():
    assert _interval(50.0, np.full(1000, 50.0), 0.0, degrees_of_freedom=0) == (50.0, 50.0)


def test_the_value_is_the_mean_of_the_seeds():
    found = mean_score(runs(0.1, 0.2, 0.3), "BLEU")
    assert found.value == pytest.approx(np.mean(found.values))


def test_seeds_that_differ_have_a_larger_deviation():
    steady, varied = (mean_score(runs(*s), "BLEU") for s in ((0.2, 0.2, 0.2), (0.05, 0.2, 0.5)))
    assert varied.std > 3 * steady.std


def test_seeds_that_differ_have_a_wider_interval():
    steady, varied = (mean_score(runs(*s), "BLEU") for s in ((0.2, 0.2, 0.2), (0.05, 0.2, 0.5)))
    assert width(varied) > 2 * width(steady)


def test_unequal_numbers_of_seeds_are_refused():
    with pytest.raises(ValueError, match="compare the seeds that both have"):
        mean_difference(runs(0.1, 0.1), runs(0.1), "BLEU")


def test_other_test_sets_are_refused():
    one, other = runs(0.1, 0.1)
    with pytest.raises(ValueError, match="different test sets"):
        mean_score([one, [replace(row, reference="x") for row in other]], "BLEU")


def test_bleu_intervals_stay_within_0_and_100():
    found = mean_score(runs(0.02, 0.4), "BLEU")
    assert (found.low, found.high) == (0, 100)


def test_error_rates_may_exceed_100():
    bad = [replace(row, hypothesis=f"{row.reference} " * 4) for row in make_rows("direct", 2, 0)]
    assert mean_score([*runs(0.4), bad], "WER").high > 100


@pytest.fixture
def gains():
    return [
        mean_difference(
            runs(0.1, first_seed=seed), runs(0.25, first_seed=seed, strategy="other"), "BLEU"
        )
        for seed in range(4)
    ]


def test_pooled_value_is_the_mean(gains):
    assert pool(gains).value == pytest.approx(np.mean([gain.value for gain in gains]))


def test_pooled_values_are_those_of_the_pairs(gains):
    assert pool(gains).values == tuple(gain.value for gain in gains)


def test_pooled_utterances_are_added(gains):
    assert pool(gains).n == 240


def test_pooled_interval_is_narrower(gains):
    assert width(pool(gains)) < min(map(width, gains))


@pytest.mark.parametrize("metrics", [(), ("BLEU", "chrF++")])
def test_pooling_needs_one_metric(metrics):
    with pytest.raises(ValueError, match="cannot pool"):
        pool([mean_score(runs(0.1), metric) for metric in metrics])
