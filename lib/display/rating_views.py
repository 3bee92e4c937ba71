"""Human ratings: raters and their agreement, systems, preferences, and metrics against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from lib.display.html import Page, escape, table
from lib.scoring.comparisons import format_interval
from lib.scoring.outputs import OutputRow
from lib.scoring.rating_sheets import Ratings, system_name
from lib.scoring.ratings import (
    Resampled,
    agreement,
    disagreements,
    metric_correlations,
    preference_shares,
    rater_rows,
    self_agreement,
    system_scores,
    unit_scores,
)


def results(rows: Sequence[dict]) -> Page:
    """Rows of `system_scores`, `preference_shares` or `metric_correlations`."""
    return Page(table([{name: _cell(value) for name, value in row.items()} for row in rows]))


def raters(ratings: Ratings, shown: int = 20) -> Page:
    """How far raters agree with each other and with themselves, and what is wrong in their files.

    Args:
        shown: number of problems to list.
    """
    found = {"raters": agreement(ratings), "repeated items": self_agreement(ratings)}
    alphas = [f"{name}: {_cell(value) or 'not defined'}" for name, value in found.items()]
    problems = "".join(f"<li>{escape(problem)}</li>" for problem in ratings.problems[:shown])
    return Page(
        f"<p>Krippendorff's alpha: {'; '.join(alphas)}</p>{results(rater_rows(ratings)).body}"
        f"<p>Problems in the files: {len(ratings.problems)}</p><ul>{problems}</ul>"
    )


def summary(
    ratings: Ratings, rows: Sequence[OutputRow], metrics: Mapping[str, Sequence[float]]
) -> Page:
    """All that filled sheets tell: raters, systems or preferences, and metrics against them.

    The last table has the outputs on which raters and chrF++ disagree most.

    Args:
        rows: the outputs that were rated.
        metrics: name -> a score of each row.
    """
    direct = ratings.kind == "direct"
    found = results(system_scores(ratings) if direct else preference_shares(ratings))
    more = {name: scores for name, scores in metrics.items() if name not in ("BLEU", "chrF++")}
    units = unit_scores(ratings, rows, more)
    correlations = results(metric_correlations(units))
    worst = disputed(units, "chrF++", rows, 5)
    parts = [raters(ratings), found, correlations, worst]
    return Page("".join(part.body for part in parts))


def disputed(units: pd.DataFrame, metric: str, rows: Sequence[OutputRow], count: int = 10) -> Page:
    """The outputs that a metric and the raters rank most differently, with their texts.

    Args:
        units: of `unit_scores`.
        rows: the outputs that were rated.
    """
    texts = {(row.id, system_name(row)): row for row in rows}
    lines = []
    for unit in disagreements(units, metric).head(count).to_dict("records"):
        both = [texts[unit["clip"], unit[n]] for n in ("system", "other") if unit[n]]
        line = {"clip": unit["clip"], "reference": both[0].reference}
        line |= {f"output {n}": f"{system_name(r)}: {r.hypothesis}" for n, r in enumerate(both, 1)}
        lines.append(line | {name: unit[name] for name in ("rating", metric, "rank difference")})
    return Page(table(lines))


def _cell(value: object) -> object:
    if not isinstance(value, Resampled):
        return value
    if max(abs(value.low), abs(value.high)) > 1:
        return format_interval(value)
    return f"{value.value:.2f} ({value.low:.2f} to {value.high:.2f})"  # alpha, a correlation
