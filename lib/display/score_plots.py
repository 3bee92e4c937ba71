"""Charts of scores and of differences between systems, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.display.plots import ACCENT, GREY, INK, LARGE, NORMAL, new_figure, style_axes

if TYPE_CHECKING:
    from lib.scoring.estimates import Estimate

SYSTEM_FIELDS = ("run", "system", "strategy", "task")


def score_chart(scores: pd.DataFrame, metric: str) -> Figure:
    """Scores of one metric with their 95 % intervals; baselines are grey.

    Args:
        scores: columns of scores.csv; a label names the fields in which the rows differ.
    """
    rows = _rows(scores, metric)
    figure, axes = new_figure(0.55 + 0.36 * max(1, len(rows)))
    _draw_scores(axes, rows, _differing(rows, (*SYSTEM_FIELDS, "direction")))
    style_axes(axes, f"{metric} with 95 % interval")
    return figure


def score_panels(scores: pd.DataFrame, metric: str) -> Figure:
    """The scores of `score_chart`, a panel per direction and corpus, the best system first."""
    rows = _rows(scores, metric)
    panels, fields = _panels(rows), _differing(rows, SYSTEM_FIELDS)
    columns = min(2, len(panels))
    titles = list(panels)
    grid_rows = [titles[first : first + columns] for first in range(0, len(titles), columns)]
    lengths = [max(1, len(panels[line[0]])) for line in grid_rows]
    figure = Figure(
        figsize=(5.2 * columns, 0.4 + sum(0.6 + 0.24 * length for length in lengths)),
        layout="constrained",
    )
    grid = figure.subplots(
        len(grid_rows),
        columns,
        squeeze=False,
        sharex=True,
        height_ratios=[2.5 + length for length in lengths],
    )
    ends = [row[end] for row in rows for end in ("low", "high")]
    for index, axes in enumerate(grid.flat):
        if index >= len(titles):
            axes.set_axis_off()
            continue
        panel = panels[titles[index]]
        _draw_scores(axes, panel, fields)
        style_axes(axes)
        # the same distance between lines as in the neighbouring panel
        axes.set_ylim(len(panel) - lengths[index // columns] - 0.6, len(panel) - 0.4)
        axes.set_xlim(min([0.0, *ends]), 1.02 * max([1.0, *ends]))
        axes.set_title(titles[index], fontsize=LARGE, loc="left", color=INK)
        axes.tick_params(labelbottom=True)
    figure.supxlabel(f"{metric} with 95 % interval", fontsize=NORMAL)
    return figure


def _rows(scores: pd.DataFrame, metric: str) -> list[dict]:
    return [row for row in scores.to_dict("records") if row["metric"] == metric]


def _panels(rows: Sequence[dict]) -> dict[str, list[dict]]:
    """Rows by direction, corpus and test set; large panels and high scores first."""
    panels: dict[str, list[dict]] = {}
    for row in sorted(rows, key=lambda row: -row["value"]):
        subset = row.get("subset", "test")
        parts = [_field(row, "direction"), _corpus(row), subset if subset != "test" else ""]
        panels.setdefault(" ".join(filter(None, parts)), []).append(row)
    ordered = sorted(panels.items(), key=lambda panel: (-len(panel[1]), panel[0]))
    return dict(ordered) or {"no scores yet": []}


def _corpus(row: dict) -> str:
    """The corpus in a run's name, such as "10,corpus=own"; empty for the phrasebook."""
    _, _, rest = row.get("run", "").partition("corpus=")
    return rest.partition(",")[0]


def _field(row: dict, name: str) -> str:
    if name == "direction":
        return f"{row['source']}→{row['target']}"
    if name == "run":
        return row.get("run", "").partition(",")[0]
    return str(row.get(name, ""))


def _differing(rows: Sequence[dict], fields: Sequence[str]) -> list[str]:
    """The fields in which the trained systems differ, and the strategy."""
    trained = [row for row in rows if row["system"] != "baseline"]
    return [
        name
        for name in fields
        if name == "strategy" or len({_field(row, name) for row in trained}) > 1
    ]


def _draw_scores(axes: Axes, rows: Sequence[dict], fields: Sequence[str]) -> None:
    """A line per score, the first at the top.

    Args:
        fields: that the label of a score consists of.
    """
    labels = ["  ".join(filter(None, (_field(row, name) for name in fields))) for row in rows]
    for index, row in enumerate(rows[::-1]):
        colour = GREY if row["system"] == "baseline" else ACCENT
        interval = [row["low"], row["high"]]
        axes.plot(interval, [index] * 2, color=colour, linewidth=3, solid_capstyle="round")
        axes.plot([row["value"]], [index], "o", color=colour, markersize=6)
        axes.annotate(
            f"{row['value']:.1f}",
            (row["high"], index),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=NORMAL,
        )
    axes.set_yticks(range(len(rows)), labels[::-1])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlim(left=min([0.0, *(row["low"] for row in rows)]))


def difference_panels(panels: Mapping[str, Mapping[str, Estimate]], label: str) -> Figure:
    """Differences with 95 % intervals around zero, a panel per title.

    A dot is the mean and a tick a seed. An interval from one seed covers test-set sampling only
    and looks too narrow beside the others, so it is dashed, hollow and grey.

    Args:
        panels: title -> name -> difference.
    """
    panels = panels or {"no results yet": {}}
    names = list(dict.fromkeys(name for rows in panels.values() for name in rows))[::-1]
    figure = Figure(
        figsize=(1.4 + 2.0 * len(panels), 1.1 + 0.3 * max(1, len(names))), layout="constrained"
    )
    grid = figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0]
    for axes, (title, rows) in zip(grid, panels.items(), strict=True):
        axes.axvline(0, color=GREY, linewidth=0.8)
        for name, difference in rows.items():
            _draw_difference(axes, names.index(name), difference)
        axes.set_title(title, fontsize=LARGE, loc="left", color=INK)
        axes.set_ylim(-0.6, len(names) - 0.4)
        style_axes(axes)
    grid[0].set_yticks(range(len(names)), names)
    figure.supxlabel(
        f"{label}, 95 % interval; ticks: seeds\n"
        "grey: the interval contains zero; dashed: single seed, no seed variance",
        fontsize=NORMAL,
    )
    return figure


def _draw_difference(axes: Axes, y: int, difference: Estimate) -> None:
    single_seed = len(difference.values) == 1
    significant = not single_seed and (difference.low > 0 or difference.high < 0)
    colour = ACCENT if significant else GREY
    solid = {"linewidth": 3, "solid_capstyle": "round"}
    style = {"linewidth": 1, "linestyle": "--"} if single_seed else solid
    face = "white" if single_seed else colour
    axes.plot([difference.low, difference.high], [y, y], color=colour, **style)
    seeds = difference.values
    axes.plot(seeds, [y - 0.27] * len(seeds), "|", color=colour, markersize=4)
    axes.plot([difference.value], [y], "o", color=colour, markersize=5, markerfacecolor=face)
