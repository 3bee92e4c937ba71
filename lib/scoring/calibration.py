"""Calibration: how often a measured value lay in its predicted range, and how wide the ranges were.

A predicted range has no probability, so nothing says how often values *should* lie inside. They are
held against chance: how often the measured values of the *other* claims in the same unit lie in the
range. A range that holds most values of any claim predicts nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median, stdev

import pandas as pd
from scipy.stats import binomtest

from lib.scoring.claims import DATA

ANSWERS = ("held", "failed", "inconclusive")  # verdicts of a measured number
POINTS, PERCENT = "points", "percent"  # units: differences of scores in percent; percentages
UNBOUNDED = 100.0  # of a difference in points: no end at all
LEAST = 5  # values of other claims, for chance and for their spread


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A predicted range with the number that was measured."""

    claim: str
    of_paper: bool  # False: a question of the workbook
    registration: str  # such as "before the run"
    unit: str  # POINTS, PERCENT, or empty: compared with no other claim
    predicted: tuple[float, float]
    value: float
    interval: tuple[float, float]
    verdict: str

    @property
    def open_low(self) -> bool:
        """Whether the range has no lower end; a percentage has one at 0."""
        return self.unit == POINTS and self.predicted[0] <= -UNBOUNDED

    @property
    def open_high(self) -> bool:
        """Whether the range has no upper end."""
        return self.unit == POINTS and self.predicted[1] >= UNBOUNDED

    def holds(self, value: float) -> bool:
        """Whether a value lies in the range; zero shows no direction, as for a verdict."""
        if self.unit == POINTS and value == 0 and 0 in self.predicted:
            return False
        return self.predicted[0] <= value <= self.predicted[1]

    def scaled(self, value: float, spread: float | None) -> float:
        """A value on a scale where the range is 0 to 1.

        Args:
            spread: the length of 1 for a range with one end, which is then 0, or 1 for an upper
                one; None: the value's own distance from that end.
        """
        low, high = self.predicted
        if self.open_low == self.open_high:
            return (value - low) / ((high - low) or 1.0)
        end = high if self.open_low else low
        return self.open_low + (value - end) / (spread or abs(self.value - end) or 1.0)


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A group of predictions, in percent of them."""

    number: int
    inside: int
    share: float
    low: float  # of the share, with 95 % confidence (Wilson)
    high: float
    by_chance: float | None  # mean over the ranges; None: too few other claims in their units
    one_sided: int
    relative_width: float | None  # median of the others, in standard deviations of their unit


def predictions(frame: pd.DataFrame) -> list[Prediction]:
    """The predictions that were answered: no checks without chance, no records with a problem.

    A claim counts once; of several measurements by as many seeds, the one of the run with the
    shortest name, which has the notebook's own parameters.

    Args:
        frame: columns of claims.csv, each claim as judged by the runs with the most seeds.
    """
    sound = frame["problem"].fillna("") == ""
    frame = frame[sound & (frame["about"] != DATA) & frame["verdict"].isin(ANSWERS)]
    frame = frame.loc[frame["run"].astype(str).str.len().sort_values(kind="stable").index]
    return [
        Prediction(
            claim=row["claim"],
            of_paper=row["paper"][:4].isdecimal(),
            registration=row["registration"],
            unit=_unit(row["statement"], str(row["measure"])),
            predicted=(row["predicted_low"], row["predicted_high"]),
            value=row["measured"],
            interval=(row["low"], row["high"]),
            verdict=row["verdict"],
        )
        for row in frame.drop_duplicates("claim").sort_index().to_dict("records")
    ]


def _unit(statement: str, measure: str) -> str:
    in_points = any(name in statement for name in ("points", "BLEU", "chrF++"))
    if measure.startswith(("Gain(", "Contrast(")) or in_points:
        return POINTS
    return PERCENT if "percent" in statement else ""


def spreads(known: Sequence[Prediction]) -> dict[str, float]:
    """The standard deviation of the measured values of each unit that has enough of them."""
    values: dict[str, list[float]] = {}
    for one in known:
        values.setdefault(one.unit, []).append(one.value)
    return {unit: stdev(own) for unit, own in values.items() if unit and len(own) > LEAST}


def by_chance(one: Prediction, known: Sequence[Prediction]) -> float | None:
    """The percentage of the other claims' values that lie in a range; None where there are few."""
    others = [o.value for o in known if o.unit and o.unit == one.unit and o.claim != one.claim]
    return 100 * mean(map(one.holds, others)) if len(others) >= LEAST else None


def calibrate(group: Sequence[Prediction], known: Sequence[Prediction]) -> Calibration:
    """Count a group of predictions, which is not empty.

    Args:
        known: all predictions, which chance and spread are taken from.
    """
    inside = sum(one.holds(one.value) for one in group)
    interval = binomtest(inside, len(group)).proportion_ci(method="wilson")
    chances = [chance for one in group if (chance := by_chance(one, known)) is not None]
    two_sided, spread = [o for o in group if not (o.open_low or o.open_high)], spreads(known)
    comparable = [one for one in two_sided if spread.get(one.unit)]
    widths = [(o.predicted[1] - o.predicted[0]) / spread[o.unit] for o in comparable]
    return Calibration(
        number=len(group),
        inside=inside,
        share=100 * inside / len(group),
        low=100 * interval.low,
        high=100 * interval.high,
        by_chance=mean(chances) if chances else None,
        one_sided=len(group) - len(two_sided),
        relative_width=median(widths) if widths else None,
    )
