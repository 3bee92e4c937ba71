"""Claims of papers as data: the predicted range, how the claim is measured, and its verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lib.scoring.comparisons import difference_to_best_baseline, paired_difference, rows_of
from lib.scoring.estimates import (
    Estimate,
    Replicates,
    difference_of_test_sets,
    mean_over_pairs,
    pairs_in_general,
    simultaneous,
)
from lib.scoring.outputs import OutputRow
from lib.scoring.power import Variances
from lib.scoring.study import Direction, Study

VERDICTS = ("held", "failed", "inconclusive", "one seed", "not run")
BEST_BASELINE = "best baseline"  # as `Gain.over`: the baseline that scores best
DATA, SYSTEM, TRAINING = "data", "one system", "training"  # see `Claim.about`


@dataclass(frozen=True, kw_only=True)
class Gain:
    """The score of a strategy minus that of another one, as the mean over the pairs."""

    strategy: str
    over: str  # a strategy, or BEST_BASELINE
    metric: str = "BLEU"
    task: str = "ST"


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """A gain on the claim's pairs minus the same gain on other pairs."""

    gain: Gain
    other_pairs: str  # a selector, as `Claim.pairs`


@dataclass(frozen=True, kw_only=True)
class BestShare:
    """The share of pairs, in percent, on which a strategy scores higher than all rivals."""

    strategy: str
    rivals: tuple[str, ...]
    metric: str = "BLEU"
    task: str = "ST"


Measure = Gain | Contrast | BestShare


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A statement about a number, with the range predicted for it before the run."""

    id: str  # such as GMU-1
    paper: str  # arXiv number, or "this workbook" for a question that no paper asks
    statement: str  # with the unit of the number
    predicted_low: float
    predicted_high: float
    published: str = ""  # the paper's own figure, in words
    published_low: float | None = None  # the same as a range, for the magnitude
    published_high: float | None = None
    about: str = TRAINING  # TRAINING needs several seeds; SYSTEM: a trained one; DATA: no chance
    measure: Measure | None = None  # None: the notebook computes the number itself
    pairs: str = "all"  # a selector of language pairs, which the system resolves
    post_hoc: bool = False  # asked after the results had been looked at

    def __post_init__(self) -> None:
        if not self.predicted_low <= self.predicted_high:
            raise ValueError(
                f"claim {self.id}: predicted range {self.predicted_low} to {self.predicted_high} "
                "is empty; give the lower end first"
            )

    def text(self, source: str = "", target: str = "") -> str:
        """Return the statement, preceded by the language pair where one is given."""
        return f"{source}→{target}: {self.statement}" if source else self.statement


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The number that answers a claim, with its 95 % interval."""

    value: float
    low: float
    high: float
    seeds: int  # of the pair with the fewest
    pairs: int  # language pairs
    description: str  # what was compared, on which pairs
    general: Estimate | None = None  # for pairs in general, of which these are a sample
    variances: Variances | None = None  # for the power of such a comparison


def measure_rows(claim: Claim, rows: Sequence[OutputRow]) -> Estimate:
    """Measure a claim on the outputs of one run.

    Raises:
        ValueError: the claim is not a `Gain`, or the rows lack one of its strategies.
    """
    measure = claim.measure
    if not isinstance(measure, Gain):
        raise ValueError(
            f"claim {claim.id} is not a gain of one strategy over another; a study measures it, "
            "or judge it with a value of your own"
        )
    rows = [row for row in rows if row.task == measure.task]
    if measure.over == BEST_BASELINE:
        baselines = [row for row in rows if row.system == "baseline"]
        trained = rows_of(rows, measure.strategy)
        return difference_to_best_baseline(trained + baselines, measure.metric)
    return paired_difference(rows, measure.strategy, measure.over, measure.metric)


def measure_study(
    claim: Claim, study: Study, pairs: Mapping[str, Sequence[Direction]]
) -> Measured | None:
    """Measure a claim over language pairs and seeds.

    Args:
        pairs: of each selector that the claim names.

    Returns:
        None where no pair has runs of the strategies.

    Raises:
        ValueError: the claim has no measure, or runs have different test sets.
    """
    measure = claim.measure
    if measure is None:
        raise ValueError(f"claim {claim.id} has no measure; judge it in its own notebook")
    if isinstance(measure, BestShare):
        return _best_share(measure, study, pairs[claim.pairs])
    gain = measure.gain if isinstance(measure, Contrast) else measure
    found = _gains(gain, study, pairs[claim.pairs])
    if not found:
        return None
    if isinstance(measure, Contrast):
        others = _gains(gain, study, pairs[measure.other_pairs])
        kept = comparable(found | others)
        if kept.keys().isdisjoint(found) or kept.keys().isdisjoint(others):
            return None
        return _contrast(gain, found, others)
    kept = comparable(found)
    by_pair = list(kept.values())
    what = f"{_what(gain)}, mean of {_each(kept)}"
    if left_out := ["→".join(pair) for pair in found if pair not in kept]:
        what += f"; left out, as they lack seeds: {', '.join(left_out)}"
    return _measured(mean_over_pairs(by_pair), what, by_pair, pairs_in_general(by_pair))


def _gains(gain: Gain, study: Study, pairs: Sequence[Direction]) -> dict[Direction, Replicates]:
    found = {
        pair: study.gains(pair, gain.strategy, gain.over, gain.metric, gain.task) for pair in pairs
    }
    return {pair: replicates for pair, replicates in found.items() if replicates}


def comparable(found: dict[Direction, Replicates]) -> dict[Direction, Replicates]:
    """Leave out pairs that lack seeds which most others have: the most runs in common are kept."""
    candidates = {tuple(found_seeds) for found_seeds in (r.seeds for r in found.values())}

    def runs(seeds: tuple[int, ...]) -> int:
        return len(seeds) * sum(set(seeds) <= set(r.seeds) for r in found.values())

    best = max(sorted(candidates), key=runs)
    return {p: r.of_seeds(best) for p, r in found.items() if set(best) <= set(r.seeds)}


def _contrast(
    gain: Gain, found: dict[Direction, Replicates], others: dict[Direction, Replicates]
) -> Measured:
    """The mean of one group minus that of the other."""
    kept = comparable(found | others)
    found, others = ({p: r for p, r in group.items() if p in kept} for group in (found, others))
    groups = [mean_over_pairs(list(group.values())) for group in (found, others)]
    difference = difference_of_test_sets(*groups)
    what = f"{_what(gain)}, mean of {_each(found)}, minus mean of {_each(others)}"
    return _measured(difference, what, [*found.values(), *others.values()])


def _measured(
    found: Replicates,
    description: str,
    by_pair: Sequence[Replicates],
    general: Estimate | None = None,
) -> Measured:
    estimate = found.estimate()
    return Measured(
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        seeds=estimate.seeds,
        pairs=len(by_pair),
        description=description,
        general=general,
        variances=Variances.of(found, by_pair),
    )


def _what(gain: Gain) -> str:
    return f"{gain.metric} of {gain.strategy} above {gain.over}"


def _each(found: dict[Direction, Replicates]) -> str:
    return ", ".join(f"{'→'.join(pair)} {r.scores.mean():+.1f}" for pair, r in found.items())


def _best_share(measure: BestShare, study: Study, pairs: Sequence[Direction]) -> Measured | None:
    """Count the pairs where it is best; the interval is simultaneous over all pairs and rivals."""
    gains: dict[tuple[Direction, str], Estimate] = {}
    for pair in pairs:
        over = {
            rival: study.gain(pair, measure.strategy, rival, measure.metric, measure.task)
            for rival in measure.rivals
        }
        if all(over.values()):  # otherwise it may be the best for want of rivals
            gains |= {(pair, rival): gain for rival, gain in over.items()}
    if not gains:
        return None
    wide = dict(zip(gains, simultaneous(list(gains.values())), strict=True))
    measured = list(dict.fromkeys(pair for pair, _ in gains))
    by_pair = {pair: [wide[key] for key in wide if key[0] == pair] for pair in measured}
    best = []
    for pair in measured:
        value, rival = min((gains[key].value, key[1]) for key in gains if key[0] == pair)
        best.append(f"{'→'.join(pair)} {measure.strategy if value > 0 else rival}")
    share = 100.0 / len(measured)
    return Measured(
        value=share * sum(all(g.value > 0 for g in found) for found in by_pair.values()),
        low=share * sum(all(g.low > 0 for g in found) for found in by_pair.values()),
        high=share * sum(all(g.high > 0 for g in found) for found in by_pair.values()),
        seeds=min(g.seeds for g in gains.values()),
        pairs=len(measured),
        description=f"the best strategy by {measure.metric}: {', '.join(best)}",
    )


def verdict(claim: Claim, low: float, high: float, seeds: int) -> str:
    """Hold the interval of a measured number against the predicted range.

    "held": the whole interval lies within the range; "failed": it lies wholly outside; else
    "inconclusive". A claim about training needs several seeds: with one it is "one seed". Where its
    range begins or ends at zero it claims a direction, which an interval with zero does not show.

    Returns:
        One of `VERDICTS`; "not run" where a number is NaN.
    """
    if math.isnan(low) or math.isnan(high):
        return "not run"
    if claim.about == TRAINING and seeds < 2:
        return "one seed"
    direction = (claim.predicted_low == 0) != (claim.predicted_high == 0)
    if claim.about == TRAINING and direction and low <= 0 <= high:
        return "inconclusive"
    if claim.predicted_low <= low and high <= claim.predicted_high:
        return "held"
    outside = high < claim.predicted_low or low > claim.predicted_high
    return "failed" if outside else "inconclusive"


def magnitude(claim: Claim, low: float, high: float, seeds: int) -> str:
    """Hold the interval of a measured number against the paper's own figure.

    Returns:
        "compatible" where both share a number, which a wide interval makes easy; "above" or "below"
        where the interval lies above or below the figure; empty where there is no figure, or one
        seed for a claim about training.
    """
    if claim.published_low is None or claim.published_high is None or math.isnan(low):
        return ""
    if claim.about == TRAINING and seeds < 2:
        return ""
    if low > claim.published_high:
        return "above"
    return "below" if high < claim.published_low else "compatible"
