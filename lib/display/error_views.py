"""Error analysis as tables and clips: two systems, hallucination, metrics that disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from scipy.stats import spearmanr

from lib.display.alignment import mark_errors
from lib.display.html import Page, escape, table
from lib.display.player import Clips
from lib.scoring.comparisons import format_interval
from lib.scoring.estimates import Estimate
from lib.scoring.hallucination import RATES, rate
from lib.scoring.outputs import OutputRow
from lib.scoring.two_systems import MARGIN, WinTieLoss


def win_tie_loss(found: Mapping[str, WinTieLoss]) -> Page:
    """How often one system is better, by metric, in percent of the clips."""
    within = f"within {MARGIN:g} points, %"
    rows = [
        {
            "metric": metric,
            "better, %": format_interval(result.wins),
            within: format_interval(result.ties),
            "worse, %": format_interval(result.losses),
        }
        for metric, result in found.items()
    ]
    return Page(table(rows))


def best_shares(found: Mapping[str, Estimate], margin: float) -> Page:
    """How often each system is the best of several, or as good."""
    heading = f"best, or within {margin:g} points of it, % of clips"
    return Page(table([{"system": n, heading: format_interval(e)} for n, e in found.items()]))


def hallucination(rows: Mapping[str, Sequence[OutputRow]]) -> Page:
    """The rates of hallucination and omission of each named set of outputs, in percent."""
    lines = []
    for name, own in rows.items():
        tokens = sum(row.tokens for row in own) / len(own)
        rates = {f"{kind}, %": format_interval(rate(own, kind)) for kind in RATES}
        lines.append({"outputs": name, "tokens": round(tokens, 1)} | rates)
    return Page(table(lines))


def where_they_differ(
    rows: Sequence[OutputRow], others: Sequence[OutputRow], differences: Sequence[float], count: int
) -> Clips:
    """The clips where one system is most ahead, then those where the other one is.

    Args:
        differences: of the score of each clip.
        count: clips of each.
    """
    order = sorted(range(len(rows)), key=lambda index: -differences[index])
    chosen = list(dict.fromkeys(order[:count] + order[-count:][::-1]))
    shown = [
        {
            "difference": round(differences[index], 1),
            "reference": escape(rows[index].reference),
            rows[index].strategy: mark_errors(rows[index].reference, rows[index].hypothesis),
            others[index].strategy: mark_errors(rows[index].reference, others[index].hypothesis),
        }
        for index in chosen
    ]
    marked = {"reference", rows[0].strategy, others[0].strategy}
    audio = [Path(rows[index].audio) for index in chosen]
    caption = f"{rows[0].strategy} ahead by most, and behind by most, of {len(rows)} clips"
    return Clips(rows=shown, audio=audio, caption=caption, safe=frozenset(marked))


def metric_check(rows: Sequence[OutputRow], scores: Mapping[str, Sequence[float]]) -> Page:
    """Whether metrics can be trusted here: their mean, their agreement, and exact matches.

    Args:
        scores: metric -> a score of each row; the others are held against the first.
    """
    first = next(iter(scores))
    exact = [row.hypothesis.strip() == row.reference.strip() for row in rows]
    lines = []
    for name, values in scores.items():
        of_exact = [value for value, same in zip(values, exact, strict=True) if same]
        low = 100 * sum(value < 50 for value in of_exact) / len(of_exact) if of_exact else None
        rank = float(spearmanr(scores[first], values).statistic) if len(set(values)) > 1 else None
        lines.append(
            {
                "metric": name,
                "mean": round(sum(values) / len(values), 1),
                f"rank correlation with {first}": rank,
                "exact matches": len(of_exact),
                "of these scored under 50, %": low,
            }
        )
    return Page(table(lines))


def disagreement(
    rows: Sequence[OutputRow],
    scores: Mapping[str, Sequence[float]],
    ranks: pd.DataFrame,
    count: int,
) -> Clips:
    """The outputs about which each two metrics disagree most.

    Args:
        ranks: see `lib.scoring.two_systems.rank_differences`.
        count: outputs of each two metrics.
    """
    chosen: list[tuple[str, int]] = []
    for pair in ranks.columns:
        largest = ranks[pair].abs().sort_values(ascending=False, kind="stable").index[:count]
        chosen += [(pair, index) for index in largest]
    shown = [
        {"metrics": pair, "difference of ranks": round(float(ranks[pair][index]), 2)}
        | {name: round(values[index], 1) for name, values in scores.items()}
        | {
            "reference": escape(rows[index].reference),
            "output": mark_errors(rows[index].reference, rows[index].hypothesis),
        }
        for pair, index in chosen
    ]
    return Clips(
        rows=shown,
        audio=[Path(rows[index].audio) for _, index in chosen],
        caption="outputs that one metric ranks far higher than another",
        spectrograms=False,
        safe=frozenset({"reference", "output"}),
    )
