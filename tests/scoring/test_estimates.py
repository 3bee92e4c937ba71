from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student_t

from lib.scoring.comparisons import score_runs, subtract_runs
from lib.scoring.estimates import (
    Replicates,
    mean_over_pairs,
    pairs_in_general,
    replicates,
    simultaneous,
    unit_names,
)
from lib.scoring.metrics import statistics
from tests.scoring.cases import make_estimate, make_rows

UNITS = tuple(f"unit-{index}" for index in range(20))


def runs(*shares, strategy="direct", first_seed=1):
    """Runs whose outputs have these shares of wrong words."""
    return {
        seed: make_rows(strategy, seed, share) for seed, share in enumerate(shares, first_seed)
    }


def width(found):
    return found.high - found.low


def layout(scores, influence, seeds=None, units=UNITS):
    return Replicates(
        metric="WER",
        seeds=tuple(seeds or range(1, len(scores) + 1)),
        units=units,
        scores=np.array(scores, dtype=float),
        influence=np.array(influence, dtype=float),
        n=len(units),
        unit="speaker",
    )


def noise(seeds, size=1.0, rng=0):
    """Influences of 20 units that sum to 0 for each seed."""
    drawn = np.random.default_rng(rng).normal(0, size, (seeds, len(UNITS)))
    return (drawn - drawn.mean(1, keepdims=True)) / len(UNITS)


def test_one_seed_is_the_jackknife_of_a_mean():
    """For a mean, the jackknife's standard error is the usual one: s / sqrt(n)."""
    wrong = [1, 0, 1, 1, 0, 0, 1, 0, 0, 0]
    hypotheses = ["x" if error else "a" for error in wrong]
    stats = statistics("WER", hypotheses, ["a"] * 10, "eng", "plain")
    found = replicates([(1, stats)], [""] * 10, [str(index) for index in range(10)]).estimate()
    expected = 100 * np.std(wrong, ddof=1) / 10**0.5
    assert (found.standard_error, found.degrees_of_freedom) == pytest.approx((expected, 9))


def test_interval_is_students_t():
    found = layout([50.0], noise(1)).estimate()
    expected = 2 * student_t.ppf(0.975, 19) * found.standard_error
    assert width(found) == pytest.approx(expected)


def test_one_seed_has_no_training_variance():
    assert score_runs(runs(0.1), "BLEU").components.training == 0


def test_training_variance_is_that_of_the_seeds_where_tests_agree():
    """Scores 10 apart over three seeds, without any test noise: mean ± 4.303 * 10 / sqrt(3)."""
    found = layout([40.0, 50.0, 60.0], np.zeros((3, 20))).estimate()
    assert found.components.training == pytest.approx(100.0)
    assert width(found) == pytest.approx(2 * 4.3027 * 10 / 3**0.5, rel=1e-4)


def test_item_variance_does_not_shrink_with_seeds():
    """All seeds find the same items hard: more seeds help nothing."""
    same = np.repeat(noise(1), 4, axis=0)
    one, four = layout([50.0], same[:1]), layout([50.0] * 4, same)
    assert four.estimate().standard_error == pytest.approx(one.estimate().standard_error)


def test_seed_item_variance_shrinks_with_seeds():
    one, many = layout([50.0], noise(1)), layout([50.0] * 16, noise(16))
    assert many.estimate().standard_error < 0.5 * one.estimate().standard_error


def test_components_are_recovered():
    """Items, seeds and both together with known variances, a large layout."""
    rng = np.random.default_rng(5)
    seeds, units = 60, 200
    parts = rng.normal(0, 2, units) + rng.normal(0, 1, (seeds, units))
    training = rng.normal(0, 0.3, seeds)
    scores = parts.mean(1) + training
    influence = (parts - parts.mean(1, keepdims=True)) / units
    found = layout(scores, influence, units=tuple(map(str, range(units)))).components
    assert found.items == pytest.approx(4 / units, rel=0.25)
    assert found.seed_items == pytest.approx(1 / units, rel=0.1)
    assert found.training == pytest.approx(0.09, rel=0.5)


def test_trainings_that_agree_by_chance_leave_the_variance_of_the_test_set():
    """Seeds closer together than test noise allows: the variance stays that of the rest."""
    pseudo = noise(3)
    scores = np.full(3, 50.0)
    found = layout(scores, pseudo).estimate()
    alone = layout(scores[:1], pseudo[:1]).estimate()
    assert 0.3 * alone.standard_error < found.standard_error < alone.standard_error
    assert found.degrees_of_freedom >= 2


def test_no_component_is_negative():
    components = layout([50.0] * 3, noise(3)).components
    assert min(components.items, components.seed_items, components.training) >= 0


def test_the_value_is_the_mean_of_the_seeds():
    found = score_runs(runs(0.1, 0.2, 0.3), "BLEU").estimate()
    assert found.value == pytest.approx(np.mean(found.values))


def test_seeds_that_differ_have_a_wider_interval():
    steady, varied = (
        score_runs(runs(*s), "BLEU").estimate() for s in ((0.2, 0.2, 0.2), (0.05, 0.2, 0.5))
    )
    assert width(varied) > 2 * width(steady)


def test_bleu_intervals_stay_within_0_and_100():
    found = score_runs(runs(0.02, 0.4), "BLEU").score()
    assert (found.low, found.high) == (0, 100)


def test_error_rates_may_exceed_100():
    bad = [replace(row, hypothesis=f"{row.reference} " * 4) for row in make_rows("direct", 2, 0)]
    assert score_runs(runs(0.4) | {2: bad}, "WER").score().high > 100


def test_alike_utterances_of_a_speaker_widen_the_interval():
    """Half of the speakers are translated without an error, the others not at all."""
    rows = [
        replace(row, hypothesis=row.reference if int(row.speaker[8:]) % 2 else "wrong")
        for row in make_rows("direct", 1, 0)
    ]
    forgotten = [replace(row, speaker="") for row in rows]
    by_speaker, by_utterance = (
        score_runs({1: part}, "chrF++").estimate() for part in (rows, forgotten)
    )
    assert width(by_speaker) > 1.8 * width(by_utterance)


@pytest.mark.parametrize(
    "speakers, unit",
    [
        (["a", "b", "c", "d", "e"] * 4, "speaker(5)"),
        (["a", "b", "c", "d"] * 5, "utterance(20)"),  # too few
        ([""] * 20, "utterance(20)"),  # unknown
        ([*"abcdefghijklmnopqrs", ""], "utterance(20)"),
    ],
)
def test_unit_of_the_test_set(speakers, unit):
    assert unit_names(speakers, [str(index) for index in range(20)])[1] == unit


def test_one_utterance_has_no_test_variance():
    (row, *_) = make_rows("direct", 1, 0.3)
    found = score_runs({1: [row]}, "BLEU").score()
    assert found.low == found.value == found.high


@pytest.fixture
def gains():
    return [
        subtract_runs(
            runs(0.1, 0.1, first_seed=seed),
            runs(0.25, 0.3, first_seed=seed, strategy="other"),
            "BLEU",
        )
        for seed in (1, 2)
    ]


def test_mean_over_pairs_has_their_common_seeds(gains):
    assert mean_over_pairs(gains).seeds == (2,)


def test_mean_over_pairs_of_one_pair_is_the_pair(gains):
    assert mean_over_pairs(gains[:1]).estimate() == gains[0].estimate()


def test_units_with_one_name_move_together():
    """The same voices in two pairs: averaging two equal pairs makes nothing more certain."""
    pair = layout([50.0], noise(1))
    pooled = mean_over_pairs([pair, pair]).estimate()
    assert pooled.standard_error == pytest.approx(pair.estimate().standard_error)


def test_other_units_are_independent():
    pair = layout([50.0], noise(1))
    other = layout([50.0], noise(1), units=tuple(f"other-{index}" for index in range(20)))
    pooled = mean_over_pairs([pair, other]).estimate()
    expected = pair.estimate().standard_error / 2**0.5
    assert pooled.standard_error == pytest.approx(expected, rel=0.03)


def test_trainings_of_one_seed_move_together():
    """Two pairs that share a backbone go up and down by seed alike."""
    pair = layout([40.0, 50.0, 60.0], np.zeros((3, 20)))
    assert mean_over_pairs([pair, pair]).components.training == pytest.approx(100.0)


@pytest.mark.parametrize("metrics", [(), ("BLEU", "chrF++")])
def test_pooling_needs_one_metric(metrics):
    with pytest.raises(ValueError, match="cannot pool"):
        mean_over_pairs([score_runs(runs(0.1), metric) for metric in metrics])


def test_pooling_needs_a_common_seed(gains):
    with pytest.raises(ValueError, match="0 seeds in common"):
        mean_over_pairs([gains[0].of_seeds([1]), gains[1].of_seeds([3])])


def test_pairs_that_differ_say_little_of_pairs_in_general():
    """Two pairs at 0 and 20 without any other variance: 10 ± 12.7 * 10."""
    low, high = (layout([value], np.zeros((1, 20))) for value in (0.0, 20.0))
    found = pairs_in_general([low, high])
    assert width(found) == pytest.approx(2 * 12.706 * 10, rel=1e-3)


def test_what_pairs_share_does_not_average_out_in_general():
    pairs = [layout([50.0], noise(1))] * 4
    assert pairs_in_general(pairs).standard_error == pytest.approx(
        pairs[0].estimate().standard_error
    )


def test_one_pair_says_nothing_of_pairs_in_general(gains):
    assert pairs_in_general(gains[:1]) is None


def test_simultaneous_intervals_are_wider():
    one = make_estimate(1.0, 1.0)
    found = simultaneous([one] * 5)
    assert [round(width(each) / width(one), 2) for each in found] == [1.31] * 5


def test_a_single_simultaneous_interval_is_the_same():
    one = make_estimate(1.0, 1.0)
    assert width(simultaneous([one])[0]) == pytest.approx(width(one))
