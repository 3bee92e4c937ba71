"""Claims of papers as data: the predicted range, how the claim is measured, and its verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lib.scoring.comparisons import difference_to_best_baseline, paired_difference, rows_of
from lib.scoring.outputs import OutputRow
from lib.scoring.seeds import SeedMean, pool
from lib.scoring.significance import Difference
from lib.scoring.study import Direction, Study

VERDICTS = ("held", "failed", "inconclusive", "not run")
BEST_BASELINE = "best baseline"  # as `Gain.over`: the input-independent baseline that scores best


@dataclass(frozen=True, kw_only=True)
class Gain:
    """The score of a strategy minus that of another one."""

    strategy: str
    over: str  # a strategy, or BEST_BASELINE
    metric: str = "BLEU"
    task: str = "ST"


@dataclass(frozen=True, kw_only=True)
class LargestGain:
    """The gain of whichever strategy is furthest from `over`, above or below it."""

    strategies: tuple[str, ...]
    over: str
    metric: str = "BLEU"
    task: str = "ST"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A statement about a number, with the range predicted for it before the run."""

    id: str  # such as GMU-1
    paper: str  # arXiv number
    statement: str  # with the unit of the number
    published: str = ""  # the paper's own figure
    predicted_low: float
    predicted_high: float
    measure: Gain | LargestGain | None = None  # None: the notebook computes the number itself
    pairs: str = "all"  # a selector of language pairs, which the system resolves

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
    description: str  # what was compared, on which pairs


def measure_rows(claim: Claim, rows: Sequence[OutputRow]) -> Difference:
    """Measure a claim on the outputs of one run.

    Raises:
        ValueError: the claim has no measure, or the rows lack one of its strategies.
    """
    measure = claim.measure
    if measure is None:
        raise ValueError(f"claim {claim.id} has no measure; judge it with a value of your own")
    rows = [row for row in rows if row.task == measure.task]
    if isinstance(measure, LargestGain):
        gains = [
            paired_difference(rows, strategy, measure.over, measure.metric)
            for strategy in measure.strategies
        ]
        return max(gains, key=lambda gain: abs(gain.value))
    if measure.over == BEST_BASELINE:
        baselines = [row for row in rows if row.system == "baseline"]
        trained = rows_of(rows, measure.strategy)
        return difference_to_best_baseline(trained + baselines, measure.metric)
    return paired_difference(rows, measure.strategy, measure.over, measure.metric)


def measure_study(claim: Claim, study: Study, pairs: Sequence[Direction]) -> Measured | None:
    """Measure a claim over language pairs and seeds.

    A `Gain` is the mean over the pairs, a `LargestGain` the largest on any pair that has runs of
    all its strategies.

    Returns:
        None where no pair has runs of the strategies.

    Raises:
        ValueError: the claim has no measure, or runs have different test sets.
    """
    measure = claim.measure
    if measure is None:
        raise ValueError(f"claim {claim.id} has no measure; judge it in its own notebook")
    largest = isinstance(measure, LargestGain)
    strategies = measure.strategies if largest else (measure.strategy,)
    gains: dict[tuple[str, Direction], SeedMean] = {}
    for pair in pairs:
        found = {
            (strategy, pair): gain
            for strategy in strategies
            if (gain := study.gain(pair, strategy, measure.over, measure.metric, measure.task))
        }
        if len(found) == len(strategies):
            gains |= found
    if not gains:
        return None
    return _largest(gains) if largest else _mean(measure, gains)


def _largest(gains: dict[tuple[str, Direction], SeedMean]) -> Measured:
    (strategy, pair), gain = max(gains.items(), key=lambda item: abs(item[1].value))
    return Measured(
        value=gain.value,
        low=gain.low,
        high=gain.high,
        seeds=len(gain.values),
        description=f"the largest of {len(gains)}: {strategy}, {'→'.join(pair)}",
    )


def _mean(measure: Gain, gains: dict[tuple[str, Direction], SeedMean]) -> Measured:
    found = pool(list(gains.values()))
    each = ", ".join(f"{'→'.join(pair)} {gain.value:+.1f}" for (_, pair), gain in gains.items())
    above = sum(gain.value > 0 for gain in gains.values())
    return Measured(
        value=found.value,
        low=found.low,
        high=found.high,
        seeds=min(len(gain.values) for gain in gains.values()),
        description=f"{measure.metric} of {measure.strategy} above {measure.over}, mean of {each}; "
        f"above 0 in {above} of {len(gains)}",
    )


def verdict(claim: Claim, value: float, low: float, high: float) -> str:
    """Hold a measured number and its interval against the predicted range.

    A predicted range without zero claims a direction: the verdict needs an interval that excludes
    zero, and is "held" where the value lies within the range, else "failed". A range that holds
    zero claims sameness: "held" where the whole interval lies within the range, "failed" where it
    lies wholly outside. All else is "inconclusive".

    Returns:
        One of `VERDICTS`; "not run" where a number is NaN.
    """
    if any(math.isnan(number) for number in (value, low, high)):
        return "not run"
    if claim.predicted_low <= 0 <= claim.predicted_high:
        if claim.predicted_low <= low and high <= claim.predicted_high:
            return "held"
        outside = high < claim.predicted_low or low > claim.predicted_high
        return "failed" if outside else "inconclusive"
    if low <= 0 <= high:
        return "inconclusive"
    return "held" if claim.predicted_low <= value <= claim.predicted_high else "failed"
