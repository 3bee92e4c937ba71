import numpy as np
import pytest
from scipy.stats import t as student_t

from lib.scoring.estimates import Components, Replicates
from lib.scoring.power import (
    Cost,
    Design,
    Variances,
    cheapest,
    minutes,
    power,
    seeds_for_sameness,
    seeds_needed,
    smallest_effect,
    spread,
)

# as the statistical review measured them, 150 items
ONE = Components(items=1.8, seed_items=5.0, training=4.3)
FOUND = Variances(one=ONE, mean=ONE, pairs=1, items=150)
COST = Cost(training_minutes=1.5, decoding_minutes=0.5)


def design(items=150, seeds=3, pairs=1):
    return Design(items=items, seeds=seeds, pairs=pairs)


def test_a_small_study_sees_little():
    assert power(2.0, FOUND, design()) < 0.25


def test_no_difference_is_seen_in_5_percent():
    assert power(1e-9, FOUND, design(seeds=5)) == pytest.approx(0.05, abs=1e-3)


@pytest.mark.parametrize("larger", [design(items=600), design(seeds=8), design(pairs=4)])
def test_larger_studies_see_more(larger):
    assert power(3.0, FOUND, larger) > power(3.0, FOUND, design()) + 0.05


def test_one_seed_shows_no_effect_of_training():
    assert power(50.0, FOUND, design(seeds=1)) == 0.0


def test_power_agrees_with_simulated_studies():
    """Studies drawn with these variances, and analysed as all studies are."""
    rng = np.random.default_rng(0)
    units, seeds, effect, seen = 40, 4, 5.0, 0
    for _ in range(600):
        items = rng.normal(0, (ONE.items * units) ** 0.5, units)
        parts = items + rng.normal(0, (ONE.seed_items * units) ** 0.5, (seeds, units))
        scores = effect + parts.mean(1) + rng.normal(0, ONE.training**0.5, seeds)
        drawn = Replicates(
            metric="BLEU",
            seeds=tuple(range(seeds)),
            units=tuple(map(str, range(units))),
            scores=scores,
            influence=(parts - parts.mean(1, keepdims=True)) / units,
            n=units,
            unit="utterance",
        )
        found = drawn.estimate()
        seen += found.low > 0 or found.high < 0
    expected = power(effect, FOUND, Design(items=150, seeds=seeds, units=units))
    assert seen / 600 == pytest.approx(expected, abs=0.06)


def test_smallest_effect_has_the_wanted_power():
    effect = smallest_effect(FOUND, design(seeds=5))
    assert power(effect, FOUND, design(seeds=5)) == pytest.approx(0.8)


def test_one_seed_sees_no_effect():
    assert smallest_effect(FOUND, design(seeds=1)) == float("inf")


def test_items_shrink_the_test_variance_only():
    error, _ = spread(FOUND, design(items=10**9, seeds=4))
    assert error == pytest.approx((4.3 / 4) ** 0.5, rel=1e-3)


def test_seeds_needed_have_the_power():
    seeds = seeds_needed(5.0, FOUND, design())
    assert power(5.0, FOUND, design(seeds=seeds)) >= 0.8


def test_too_small_differences_need_more_than_64_seeds():
    assert seeds_needed(0.2, FOUND, design()) is None


def test_minutes_grow_with_pairs_seeds_and_items():
    assert minutes(design(items=600, seeds=5, pairs=4), COST) == 20 * (1.5 + 0.3)


def test_cheapest_design_is_able_and_cheap():
    best = cheapest(4.0, FOUND, 1, COST)
    assert power(4.0, FOUND, best) >= 0.8
    assert minutes(best, COST) <= minutes(design(items=150, seeds=64), COST)


def test_no_design_sees_a_tiny_difference():
    assert cheapest(0.01, FOUND, 1, COST) is None


def of_four_pairs(share):
    """Four pairs that share a part of every variance."""
    parts = {"items": 1.8, "seed_items": 5.0, "training": 4.3}
    mean = {name: value * (share + (1 - share) / 4) for name, value in parts.items()}
    return Variances(one=ONE, mean=Components(**mean), pairs=4, items=150)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_variances_of_the_measured_number_of_pairs_are_those_measured(share):
    found = of_four_pairs(share)
    assert found.over(4).training == pytest.approx(found.mean.training)


def test_what_pairs_share_does_not_average_out():
    assert of_four_pairs(0.5).over(10**9).training == pytest.approx(4.3 / 2)


def test_pairs_that_share_nothing_average_out():
    assert of_four_pairs(0.0).over(8).items == pytest.approx(1.8 / 8)


def test_equivalence_is_shown_by_80_percent_of_the_studies():
    """Studies without a true difference, drawn with the variances."""
    seeds = seeds_for_sameness(5.0, FOUND)
    error, degrees = spread(FOUND, design(seeds=seeds))
    rng = np.random.default_rng(0)
    estimates = rng.normal(0, error, 4000)
    half_widths = student_t.ppf(0.975, degrees) * error
    assert np.mean(abs(estimates) + half_widths <= 5.0) >= 0.79


def test_a_narrow_margin_takes_too_many_seeds():
    assert seeds_for_sameness(0.1, FOUND) is None
