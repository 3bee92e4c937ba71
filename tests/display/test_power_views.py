from dataclasses import replace

import pytest

from lib.display import power_views
from lib.scoring.estimates import Components
from lib.scoring.power import (
    ITEMS,
    Cost,
    Design,
    Variances,
    cheapest,
    minutes,
    power,
    seeds_needed,
    smallest_effect,
)

ONE = Components(items=1.0, seed_items=0.5, training=2.0)
FOUND = Variances(one=ONE, mean=ONE, pairs=1, items=150)
COST = Cost(training_minutes=3.0, decoding_minutes=1.0)
SMALL = Design(items=600, seeds=3)


def least(design):
    return smallest_effect(FOUND, design)


def test_each_size_of_a_study_has_a_row():
    assert power_views.smallest_effects(FOUND, COST).body.count("<tr>") == 1 + 2 * len(ITEMS)


def test_a_study_has_its_smallest_difference_and_its_cost():
    cells = [
        f"{least(design):.1f} ({minutes(design, COST):.0f} min)"
        for design in (Design(items=600, seeds=seeds) for seeds in power_views.SHOWN_SEEDS)
    ]
    row = "".join(f"<td>{cell}</td>" for cell in ["1", "600", *cells])
    assert row in power_views.smallest_effects(FOUND, COST).body


def test_more_pairs_see_smaller_differences():
    body = power_views.smallest_effects(FOUND, None, pairs=[4]).body
    assert f"<td>4</td><td>600</td><td>{least(Design(items=600, seeds=3, pairs=4)):.1f}" in body


def test_a_cost_that_is_not_known_is_left_out():
    assert "min" not in power_views.smallest_effects(FOUND, None).body


@pytest.mark.parametrize("seeds", [1, 2])
def test_too_few_seeds_are_not_shown(seeds):
    assert f"<th>{seeds} seeds</th>" not in power_views.smallest_effects(FOUND, COST).body


def test_each_difference_has_a_row():
    body = power_views.seeds_by_effect(FOUND, COST, pairs=[1]).body
    assert body.count("<tr>") == 1 + len(power_views.EFFECTS)


def test_a_difference_has_its_seeds():
    counts = [
        seeds_needed(3.0, FOUND, Design(items=items, seeds=2))
        for items in ITEMS
    ]
    row = "".join(f"<td>{cell}</td>" for cell in [1, 3, *counts])
    assert row in power_views.seeds_by_effect(FOUND, COST).body


def test_a_difference_that_takes_too_many_seeds_says_so():
    assert "<td>over 64</td>" in power_views.seeds_by_effect(FOUND, COST, pairs=[1]).body


def test_a_difference_has_its_cheapest_study():
    best = cheapest(3.0, FOUND, 1, COST)
    text = f"{best.items} items, {best.seeds} seeds: {minutes(best, COST):.0f} core-minutes"
    assert text in power_views.seeds_by_effect(FOUND, COST).body


def test_without_a_cost_no_study_is_the_cheapest():
    assert "core-minutes" not in power_views.seeds_by_effect(FOUND, None).body


@pytest.mark.parametrize("cost", [COST, None])
def test_a_difference_that_no_study_sees_has_no_cheapest_one(cost):
    noisy = replace(FOUND, one=Components(items=1e6, seed_items=0.0, training=0.0))
    assert "core-minutes" not in power_views.seeds_by_effect(noisy, cost).body


@pytest.fixture(scope="module")
def curves():
    return power_views.curves(FOUND).axes[0]


def test_each_number_of_seeds_is_a_curve(curves):
    labels = [text.get_text() for text in curves.get_legend().get_texts()]
    assert labels == ["3 seeds", "5 seeds", "8 seeds", "12 seeds", "16 seeds"]


def test_a_curve_is_the_power_at_each_difference(curves):
    three, *_ = curves.lines
    drawn = dict(zip(three.get_xdata(), three.get_ydata(), strict=True))
    assert drawn[3.0] == power(3.0, FOUND, SMALL)


def test_power_rises_with_the_difference(curves):
    for line in curves.lines:
        values = list(line.get_ydata())
        assert values == sorted(values)


def test_the_number_of_items_is_named():
    assert "with 300 items" in power_views.curves(FOUND, items=300).axes[0].get_ylabel()
