"""Scores by facts about the utterances: a chart and a table of buckets, and a table of gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.display.html import Page, escape, table
from lib.display.plots import INK, LARGE, NORMAL, SMALL, SPLIT_COLOURS, style_axes
from lib.scoring.buckets import MIN_UTTERANCES, Bucket

Panels = Mapping[str, Sequence[Bucket]]  # fact -> what `bucket_scores` returns of it
COLUMNS = 3  # of panels
MARKERS = "osD^"  # beside the colours of `SPLIT_COLOURS`
HOLLOW = f"under {MIN_UTTERANCES} utterances, no interval"


def bucket_chart(panels: Panels) -> Figure:
    """The scores of each bucket with their 95 % intervals, a panel a fact.

    Raises:
        ValueError: more strategies than colours.
    """
    strategies = list(dict.fromkeys(b.strategy for found in panels.values() for b in found))
    if len(strategies) > len(MARKERS):
        raise ValueError(
            f"{len(strategies)} strategies in one chart: {', '.join(strategies)}; give the rows of "
            f"{len(MARKERS)} at most"
        )
    columns = max(1, min(COLUMNS, len(panels)))
    lengths = [len({bucket.name for bucket in found}) for found in panels.values()] or [1]
    lengths = [max(lengths[at : at + columns]) for at in range(0, len(lengths), columns)]
    heights = [2 + length for length in lengths]
    figure = Figure(figsize=(4.0 * columns, 0.6 + 0.24 * sum(heights)), layout="constrained")
    grid = figure.subplots(
        len(lengths), columns, squeeze=False, sharex=True, height_ratios=heights
    )
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for number, (fact, found) in enumerate(panels.items()):
        axes = grid.flat[number]
        _draw_panel(axes, found, strategies)
        # the same distance between buckets as in the neighbouring panel
        axes.set_ylim(lengths[number // columns] - 0.4, -0.6)
        axes.set_title(fact, fontsize=LARGE, loc="left", color=INK)
    metric = next((bucket.metric for found in panels.values() for bucket in found), "no scores yet")
    figure.supxlabel(f"{metric}, 95 % interval; hollow: {HOLLOW}", fontsize=NORMAL)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    if labels:
        place = {"loc": "outside upper right", "ncols": len(labels)}
        figure.legend(handles, labels, fontsize=SMALL, frameon=False, **place)
    return figure


def _draw_panel(axes: Axes, found: Sequence[Bucket], strategies: Sequence[str]) -> None:
    names = list(dict.fromkeys(bucket.name for bucket in found))
    for number, strategy in enumerate(strategies):
        colour, marker = SPLIT_COLOURS[number], MARKERS[number]
        axes.plot([], [], marker, color=colour, label=strategy)
        shift = 0.5 * ((number + 0.5) / len(strategies) - 0.5)
        for bucket in (b for b in found if b.strategy == strategy):
            y, known = names.index(bucket.name) + shift, bucket.estimate
            if known:
                axes.plot([known.low, known.high], [y, y], color=colour, linewidth=2)
            face = colour if known else "white"
            axes.plot([bucket.value], [y], marker, color=colour, markerfacecolor=face, markersize=5)
    style_axes(axes)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(labelsize=SMALL, labelbottom=True)


def gap_table(found: pd.DataFrame, metric: str = "score") -> Page:
    """What `lib.scoring.buckets.gaps` returns, the surest gap first, and which are above chance."""
    named = found.rename(columns={"gap": f"gap, {metric}"})
    above = found[found["low"] > 0].to_dict("records")
    sure = [f"{line['fact']} ({line['strategy']})" for line in above]
    sentence = f"Gaps whose interval excludes 0: {', '.join(sure) or 'none'}."
    return Page(f"{table(named.to_dict('records'))}<p>{escape(sentence)}</p>")
