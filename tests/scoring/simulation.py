"""Test sets with a known truth: word-by-word translations of simulated voices, seeds and pairs.

The probability that a word is right depends on the item, its voice, the seed, the seed and the
voice together, and chance. The variances are those of the reference study, rounded: a correlation
within voices of 0.15 to 0.4 for single systems, trainings that differ by 2 to 4 BLEU.
"""

from dataclasses import dataclass

import numpy as np

from lib.scoring.estimates import replicates
from lib.scoring.metrics import Statistics, statistics

COMBINE = statistics("BLEU", ["a"], ["a"], "eng", "plain").combine
ORDERS = 4
WORDS = 8


@dataclass(frozen=True, kw_only=True)
class World:
    """What scores vary with; standard deviations of the log odds of a right word."""

    voices: int = 22
    items: int = 600
    item: float = 1.2
    voice: float = 0.5
    voice_of_system: float = 0.1  # what a voice does to one system and not to the other
    seed: float = 0.15
    seed_item: float = 0.8
    pair: float = 0.0  # of the difference between two systems
    difference: float = 0.3


def bleu_rows(odds, rng):
    """The sufficient statistics of BLEU for utterances of `WORDS` words each."""
    right = rng.random((*odds.shape, WORDS)) < 1 / (1 + np.exp(-odds[..., None]))
    runs = [right]
    for _ in range(ORDERS - 1):
        runs.append(runs[-1][..., 1:] & right[..., len(runs) :])
    matches = [run.sum(-1) for run in runs]
    totals = [np.full(odds.shape, WORDS - order) for order in range(ORDERS)]
    lengths = [np.full(odds.shape, WORDS)] * 2
    return np.stack([*lengths, *matches, *totals], -1).astype(float)


def as_replicates(rows, voices, pair, by_voice):
    """Replicates of `rows` (seeds, items, statistics), by voice or by item."""
    by_seed = [(seed, Statistics("BLEU", part, COMBINE, "")) for seed, part in enumerate(rows)]
    ids = [f"{pair}/{item}" for item in range(rows.shape[1])]
    return replicates(by_seed, [f"voice-{v}" if by_voice else "" for v in voices], ids)


def draw(world, seeds, rng, pairs=1, by_voice=True):
    """Two systems on each pair's test set; pairs share the voices.

    Returns:
        For each pair, the replicates of both systems; and their log odds: the system's own, and
        what each seed adds.
    """
    common = rng.normal(0, world.voice, world.voices)
    found, truths = [], []
    effects = rng.normal(0, world.seed, (2, seeds))
    for pair in range(pairs):
        voices = np.arange(world.items) % world.voices
        items = rng.normal(0, world.item, world.items) + common[voices]
        gains = (0.0, world.difference + rng.normal(0, world.pair))
        systems, true = [], []
        for system, gain in enumerate(gains):
            own = rng.normal(0, world.voice_of_system, world.voices)[voices]
            noise = rng.normal(0, world.seed_item, (seeds, world.items))
            odds = gain + effects[system][:, None] + items + own + noise
            systems.append(as_replicates(bleu_rows(odds, rng), voices, pair, by_voice))
            true.append((gain, effects[system]))
        found.append(systems)
        truths.append(true)
    return found, truths


class Truth:
    """The expected score by the mean log odds, from a very large sample."""

    def __init__(self, world, count=100_000):
        rng = np.random.default_rng(99)
        spread = (
            world.item**2 + world.voice**2 + world.voice_of_system**2 + world.seed_item**2
        ) ** 0.5
        self.grid = np.linspace(-2.0, 2.5, 19)
        base = rng.normal(0, spread, count)
        self.scores = [
            COMBINE(bleu_rows(base + shift, np.random.default_rng(7)).sum(0)) for shift in self.grid
        ]
        self.seeds = rng.normal(0, world.seed, 4001)

    def of_training(self, shift):
        """The score on all test items, of trainings with these effects."""
        return np.interp(shift, self.grid, self.scores)

    def of_system(self, gain):
        """The mean over all trainings."""
        return float(self.of_training(gain + self.seeds).mean())
