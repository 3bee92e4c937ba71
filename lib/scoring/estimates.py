"""Estimates with 95 % intervals: what varies with the test set, and what varies with the seed.

A score varies for two reasons: another test set, and another training. The score of seed s on the
units g of a test set (speakers, or utterances where speakers are unknown) is taken as

    mean + seed(s) + unit(g) + seed-by-unit(s, g)

with four independent parts. The units' parts are the jackknife's pseudo-values, which make an
average of any corpus score; the variance of each part comes from the mean squares of a two-way
layout, so nothing is counted twice. This is the analysis of readers and cases by Dorfman, Berbaum
and Metz (1992), with Satterthwaite's degrees of freedom. With one seed it is the jackknife, and the
interval covers the test set only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.stats import t as student_t

from lib.scoring.metrics import Statistics

MIN_SPEAKERS = 5  # with fewer, utterances are the units: a variance of so few is worth little
CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Components:
    """The variances behind an estimate, as they are with one seed and the whole test set."""

    items: float  # of the test set, common to all seeds
    seed_items: float  # of the test set, different for each seed
    training: float  # of the training; 0 where there is one seed


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its interval."""

    metric: str
    value: float
    standard_error: float
    degrees_of_freedom: float
    values: tuple[float, ...]  # of each seed
    n: int  # utterances
    unit: str  # what the test set consists of, such as speaker(22)
    lowest: float = -np.inf  # the interval is cut here
    highest: float = np.inf
    confidence: float = CONFIDENCE
    components: Components = field(repr=False, compare=False)

    @property
    def low(self) -> float:
        return max(self.lowest, self.value - self._half_width)

    @property
    def high(self) -> float:
        return min(self.highest, self.value + self._half_width)

    @property
    def seeds(self) -> int:
        return len(self.values)

    @property
    def std(self) -> float:
        """Standard deviation over the seeds; 0 for a single one."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else 0.0

    @property
    def _half_width(self) -> float:
        if not self.standard_error:
            return 0.0
        quantile = student_t.ppf((1 + self.confidence) / 2, self.degrees_of_freedom)
        return float(quantile) * self.standard_error


def simultaneous(found: Sequence[Estimate]) -> list[Estimate]:
    """Widen intervals so that all of them are right together with 95 % (Šidák).

    For the largest of several differences, which is selected for being large.
    """
    confidence = CONFIDENCE ** (1 / max(1, len(found)))
    return [replace(estimate, confidence=confidence) for estimate in found]


@dataclass(frozen=True)
class Replicates:
    """The scores of one system, or of a difference, by seed, and what each unit contributes."""

    metric: str
    seeds: tuple[int, ...]
    units: tuple[str, ...]
    scores: Float[np.ndarray, "seeds"]
    influence: Float[np.ndarray, "seeds units"]  # of each unit on the score; rows sum to 0
    n: int  # utterances
    unit: str  # see `Estimate`

    def __sub__(self, other: Replicates) -> Replicates:
        """The difference to another system with the same seeds on the same test set."""
        return replace(
            self, scores=self.scores - other.scores, influence=self.influence - other.influence
        )

    def of_seeds(self, seeds: Sequence[int]) -> Replicates:
        """The part of some seeds."""
        rows = [self.seeds.index(seed) for seed in seeds]
        return replace(
            self, seeds=tuple(seeds), scores=self.scores[rows], influence=self.influence[rows]
        )

    @cached_property
    def components(self) -> Components:
        """The variance components, none below 0."""
        return self._analysis[0]

    @property
    def _analysis(self) -> tuple[Components, float, float]:
        """Components, variance of the mean over the seeds, and its degrees of freedom."""
        seeds, units = self.influence.shape
        if units == 1:  # nothing can be said of the test set
            training = float(np.var(self.scores, ddof=1)) if seeds > 1 else 0.0
            components = Components(items=0.0, seed_items=0.0, training=training)
            return components, training / seeds, max(1.0, seeds - 1.0)
        values = self.influence * units  # centred pseudo-values
        by_unit = values.mean(0)
        unit_square = seeds * float((by_unit**2).sum()) / (units - 1)
        if seeds == 1:
            variance = unit_square / units
            components = Components(items=variance, seed_items=0.0, training=0.0)
            return components, variance, units - 1.0
        rest_degrees = (seeds - 1) * (units - 1)
        rest = float(((values - by_unit) ** 2).sum()) / rest_degrees
        seed_square = units * float(np.var(self.scores, ddof=1))
        # a mean square below that of the rest leaves no variance for its part
        parts = [
            (square, degrees)
            for square, degrees in ((seed_square, seeds - 1), (unit_square, units - 1))
            if square > rest
        ]
        if len(parts) != 1:  # both hold the rest, or none does
            parts.append((-rest if parts else rest, rest_degrees))
        total = sum(square for square, _ in parts)
        scale = sum(square**2 / degrees for square, degrees in parts)
        components = Components(
            items=max(0.0, unit_square - rest) / (seeds * units),
            seed_items=rest / units,
            training=max(0.0, seed_square - rest) / units,
        )
        degrees = total**2 / scale if scale else float(seeds - 1)
        return components, total / (seeds * units), degrees

    def estimate(self) -> Estimate:
        """The mean over the seeds, with its interval."""
        components, variance, degrees = self._analysis
        return Estimate(
            metric=self.metric,
            value=float(self.scores.mean()),
            standard_error=variance**0.5,
            degrees_of_freedom=degrees,
            values=tuple(float(score) for score in self.scores),
            n=self.n,
            unit=self.unit,
            components=components,
        )

    def score(self) -> Estimate:
        """The same for scores, whose interval ends at 0, and at 100 unless it is an error rate.

        COMET is a regression, without ends.
        """
        highest = 100.0 if self.metric in ("BLEU", "spBLEU", "chrF++") else np.inf
        lowest = -np.inf if self.metric == "COMET" else 0.0
        return replace(self.estimate(), lowest=lowest, highest=highest)


def unit_names(speakers: Sequence[str], ids: Sequence[str]) -> tuple[list[str], str]:
    """The unit of each utterance: its speaker, or itself where there are few or unknown speakers.

    Returns:
        The names of the units, and their kind and number.
    """
    count = len(set(speakers))
    if count >= MIN_SPEAKERS and "" not in speakers:
        return list(speakers), f"speaker({count})"
    return list(ids), f"utterance({len(ids)})"


def replicates(
    by_seed: Sequence[tuple[int, Statistics]], speakers: Sequence[str], ids: Sequence[str]
) -> Replicates:
    """Score each seed, and each seed without each unit in turn (the jackknife).

    Args:
        by_seed: seed and statistics of its outputs, on one test set.
        speakers: of each utterance; "" where unknown.
        ids: of each utterance.
    """
    names, unit = unit_names(speakers, ids)
    units = sorted(set(names))
    rows = np.array([units.index(name) for name in names]) if len(units) < len(names) else None
    return Replicates(
        metric=by_seed[0][1].metric,
        seeds=tuple(seed for seed, _ in by_seed),
        units=tuple(units),
        scores=np.array([stats.corpus_score for _, stats in by_seed]),
        influence=np.stack([_influence(stats, rows, len(units)) for _, stats in by_seed]),
        n=len(ids),
        unit=unit,
    )


def _influence(
    stats: Statistics, rows: np.ndarray | None, units: int
) -> Float[np.ndarray, "units"]:
    """How much each unit moves the score: rows is the unit of each utterance, None for its own."""
    if units < 2:
        return np.zeros(units)
    sums = stats.rows
    if rows is not None:
        sums = np.zeros((units, stats.rows.shape[1]))
        np.add.at(sums, rows, stats.rows)
    total = sums.sum(0)
    without = np.array([stats.combine(total - part) for part in sums])
    return (units - 1) * (without.mean() - without) / units


def mean_over_pairs(pairs: Sequence[Replicates]) -> Replicates:
    """The mean over language pairs.

    What the pairs share is not taken as independent: units with one name (the voices of the
    phrasebook) move together, and so do trainings of one seed, which share a backbone. Seeds that
    not all pairs have are left out.

    Raises:
        ValueError: no pair is given, or they are of different metrics or share no seed.
    """
    metrics = sorted({pair.metric for pair in pairs})
    seeds = [s for s in (pairs[0].seeds if pairs else ()) if all(s in pair.seeds for pair in pairs)]
    if len(metrics) != 1 or not seeds:
        raise ValueError(
            f"cannot pool {len(pairs)} pairs of metrics {metrics} with {len(seeds)} seeds in "
            "common; give pairs of one metric that share a seed"
        )
    units = sorted({unit for pair in pairs for unit in pair.units})
    influence = np.zeros((len(seeds), len(units)))
    common = [pair.of_seeds(seeds) for pair in pairs]
    for pair in common:
        columns = np.searchsorted(units, pair.units)
        influence[:, columns] += pair.influence / len(pairs)
    return Replicates(
        metric=metrics[0],
        seeds=tuple(seeds),
        units=tuple(units),
        scores=np.mean([pair.scores for pair in common], axis=0),
        influence=influence,
        n=sum(pair.n for pair in pairs),
        unit=pairs[0].unit,
    )


def difference_of_test_sets(one: Replicates, other: Replicates) -> Replicates:
    """The difference of scores on different utterances; units that both have move together.

    Half a mean with one sign turned, doubled.
    """
    turned = replace(other, scores=-other.scores, influence=-other.influence)
    half = mean_over_pairs([one, turned])
    return replace(half, scores=2 * half.scores, influence=2 * half.influence)


def pairs_in_general(pairs: Sequence[Replicates]) -> Estimate | None:
    """The mean over language pairs of which these are a sample: pairs as random effects.

    The variance between the pairs is added to that of tests and seeds; of the latter, what the
    pairs share does not average out.

    Returns:
        None for a single pair.
    """
    if len(pairs) < 2:
        return None
    these = mean_over_pairs(pairs).estimate()
    count = len(pairs)
    each = [pair.of_seeds(mean_over_pairs(pairs).seeds).estimate() for pair in pairs]
    own = float(np.mean([estimate.standard_error**2 for estimate in each]))
    shared = max(0.0, (these.standard_error**2 - own / count) * count / (count - 1))
    between = float(np.var([estimate.value for estimate in each], ddof=1)) / count
    variance = between + shared
    scale = between**2 / (count - 1) + shared**2 / these.degrees_of_freedom
    degrees = variance**2 / scale if scale else float(count - 1)
    general = replace(these, standard_error=variance**0.5, degrees_of_freedom=degrees)
    # with few seeds the mean of these pairs may have fewer degrees of freedom: nothing is known
    # better of pairs in general than of these
    return max((general, these), key=lambda estimate: estimate.high - estimate.low)
