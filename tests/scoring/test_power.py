import numpy as np
import pytest

from lib.scoring.estimates import Components, Replicates
from lib.scoring.power import (
    Cost,
    Design,
    cheapest,
    minutes,
    power,
    seeds_needed,
    smallest_effect,
    spread,
)

# as the statistical review measured them, 150 items
FOUND = Components(items=1.8, seed_items=5.0, training=4.3)
COST = Cost(training_minutes=1.5, decoding_minutes=0.5)


def design(items=150, seeds=3, pairs=1):
    return Design(items=items, seeds=seeds, pairs=pairs)


def test_a_small_study_sees_little():
    assert power(2.0, FOUND, 150, design()) < 0.25


def test_no_difference_is_seen_in_5_percent():
    assert power(1e-9, FOUND, 150, design(seeds=5)) == pytest.approx(0.05, abs=1e-3)


@pytest.mark.parametrize("larger", [design(items=600), design(seeds=8), design(pairs=4)])
def test_larger_studies_see_more(larger):
    assert power(3.0, FOUND, 150, larger) > power(3.0, FOUND, 150, design()) + 0.05


def test_one_seed_shows_no_effect_of_training():
    assert power(50.0, FOUND, 150, design(seeds=1)) == 0.0


def test_power_agrees_with_simulated_studies():
    """Studies drawn with these variances, and analysed as all studies are."""
    rng = np.random.default_rng(0)
    units, seeds, effect, seen = 40, 4, 5.0, 0
    for _ in range(600):
        items = rng.normal(0, (FOUND.items * units) ** 0.5, units)
        parts = items + rng.normal(0, (FOUND.seed_items * units) ** 0.5, (seeds, units))
        scores = effect + parts.mean(1) + rng.normal(0, FOUND.training**0.5, seeds)
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
    expected = power(effect, FOUND, 150, Design(items=150, seeds=seeds, units=units))
    assert seen / 600 == pytest.approx(expected, abs=0.06)


def test_smallest_effect_has_the_wanted_power():
    effect = smallest_effect(FOUND, 150, design(seeds=5))
    assert power(effect, FOUND, 150, design(seeds=5)) == pytest.approx(0.8)


def test_one_seed_sees_no_effect():
    assert smallest_effect(FOUND, 150, design(seeds=1)) == float("inf")


def test_items_shrink_the_test_variance_only():
    error, _ = spread(FOUND, 150, design(items=10**9, seeds=4))
    assert error == pytest.approx((4.3 / 4) ** 0.5, rel=1e-3)


def test_seeds_needed_have_the_power():
    seeds = seeds_needed(5.0, FOUND, 150, design())
    assert power(5.0, FOUND, 150, design(seeds=seeds)) >= 0.8


def test_too_small_differences_need_more_than_64_seeds():
    assert seeds_needed(0.2, FOUND, 150, design()) is None


def test_minutes_grow_with_pairs_seeds_and_items():
    assert minutes(design(items=600, seeds=5, pairs=4), COST) == 20 * (1.5 + 0.3)


def test_cheapest_design_is_able_and_cheap():
    best = cheapest(4.0, FOUND, 150, 1, COST)
    assert power(4.0, FOUND, 150, best) >= 0.8
    assert minutes(best, COST) <= minutes(design(items=150, seeds=64), COST)


def test_no_design_sees_a_tiny_difference():
    assert cheapest(0.01, FOUND, 150, 1, COST) is None
