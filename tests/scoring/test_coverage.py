"""95 % intervals of simulated studies contain the truth in 93 to 97 % of them."""

from functools import lru_cache

import numpy as np
import pytest

from lib.scoring.estimates import Replicates, mean_over_pairs, pairs_in_general
from tests.scoring.simulation import Truth, World, draw

pytestmark = pytest.mark.slow

STUDIES = 500  # two standard errors of a coverage of 95 % are 1.9 %
LOWEST, HIGHEST = 0.93 - 0.012, 0.97 + 0.012  # the promised range, and what chance adds to it


known_truth = lru_cache(Truth)


def coverage(world, seeds, pairs, estimates, by_voice=True):
    """The share of studies whose interval contains the truth, for each kind of estimate."""
    truth, rng = known_truth(world), np.random.default_rng(1)
    hits = []
    for _ in range(STUDIES):
        drawn, effects = draw(world, seeds, rng, pairs, by_voice)
        found = estimates(truth, drawn, effects)
        hits.append([estimate.low <= true <= estimate.high for estimate, true in found])
    return np.mean(hits, axis=0)


def one_seed(truth, drawn, effects):
    """A trained system, and the difference of two, on other test items and voices."""
    (first, second), (one, other) = drawn[0], effects[0]
    true = [float(truth.of_training(gain + shift[0])) for gain, shift in (one, other)]
    return [(first.score(), true[0]), ((second - first).estimate(), true[1] - true[0])]


def several_seeds(truth, drawn, effects):
    """The same for other trainings, too."""
    (first, second), (one, other) = drawn[0], effects[0]
    base = truth.of_system(one[0])
    difference = truth.of_system(other[0]) - base
    return [(first.score(), base), ((second - first).estimate(), difference)]


def several_pairs(truth, drawn, effects):
    """The mean difference over these pairs."""
    differences = [second - first for first, second in drawn]
    true = np.mean([truth.of_system(o[0]) - truth.of_system(f[0]) for f, o in effects])
    return [(mean_over_pairs(differences).estimate(), true)]


def pairs_at_large(truth, drawn, effects):
    """The mean difference over all pairs of which these are a sample."""
    differences = [second - first for first, second in drawn]
    drawn_gains = np.random.default_rng(3).normal(World().difference, PAIR_SPREAD, 500)
    true = np.mean([truth.of_system(gain) for gain in drawn_gains]) - truth.of_system(0.0)
    return [(pairs_in_general(differences), true)]


PAIR_SPREAD = 0.3


@pytest.mark.parametrize("world", [World(), World(voices=13), World(voices=60, voice=0.8)])
def test_one_seed(world):
    found = coverage(world, 1, 1, one_seed)
    assert (found >= LOWEST).all() and (found <= HIGHEST).all(), found


def test_several_seeds():
    found = coverage(World(), 5, 1, several_seeds)
    assert (found >= LOWEST).all() and (found <= HIGHEST).all(), found


@pytest.mark.parametrize("training", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("seeds, lowest", [(2, 0.87), (3, 0.92), (5, 0.935)])
def test_few_seeds(seeds, lowest, training):
    """In a layout of normal parts, 4,000 studies each: two seeds are too few to promise 93 %."""
    rng, units, hits = np.random.default_rng(seeds), 22, []
    for _ in range(4000):
        parts = rng.normal(0, 0.5, units) + rng.normal(0, 1, (seeds, units))
        scores = parts.mean(1) + rng.normal(0, training, seeds)
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
        hits.append(found.low <= 0 <= found.high)
    assert lowest <= np.mean(hits) <= 0.99


def test_unequal_training_variances():
    """Trainings that differ more than in the reference study."""
    found = coverage(World(seed=0.5), 5, 1, several_seeds)
    assert (found >= LOWEST).all() and (found <= HIGHEST).all(), found


def test_mean_of_these_pairs():
    found = coverage(World(pair=PAIR_SPREAD), 5, 3, several_pairs)
    assert (found >= LOWEST).all() and (found <= HIGHEST).all(), found


def test_pairs_in_general():
    found = coverage(World(pair=PAIR_SPREAD), 5, 3, pairs_at_large)
    assert (found >= LOWEST).all() and (found <= HIGHEST).all(), found


def test_voices_taken_for_utterances_cover_too_little():
    """What intervals by voice repair."""
    found = coverage(World(), 1, 1, one_seed, by_voice=False)
    assert found[0] < 0.85
