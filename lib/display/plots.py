"""General charts: bars, histograms, lines, heat maps, and the funnel of a curation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, ACCENT, GREY = "#1d2733", "#0a6e8a", "#9aa5b1"
SPLIT_COLOURS = (ACCENT, "#e0a030", "#7a4b8a", GREY)
WIDTH = 6.4  # inches
SMALL, NORMAL, LARGE = 8, 9, 10  # points


def new_figure(height: float, width: float = WIDTH) -> tuple[Figure, Axes]:
    """A figure with one pair of axes; sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def style_axes(axes: Axes, x_label: str = "", y_label: str = "") -> None:
    """Label the axes and remove the top and right spines."""
    axes.set_xlabel(x_label, fontsize=NORMAL)
    axes.set_ylabel(y_label, fontsize=NORMAL)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=NORMAL)


def bars(values: Mapping[str, float], label: str) -> Figure:
    """A horizontal bar per name, the first at the top."""
    figure, axes = new_figure(0.5 + 0.28 * len(values))
    axes.barh(list(values)[::-1], list(values.values())[::-1], color=ACCENT, height=0.62)
    style_axes(axes, label)
    return figure


def grouped_bars(
    groups: Mapping[str, Mapping[str, float]],
    colours: Mapping[str, str],
    x_label: str,
    y_label: str,
) -> Figure:
    """A bar per series in each group, with its value above it.

    Args:
        groups: group -> series -> value; a missing series is drawn as 0.
        colours: series -> colour.
    """
    figure, axes = new_figure(2.8)
    width = 0.8 / len(colours)
    for number, (series, colour) in enumerate(colours.items()):
        offset = (number - (len(colours) - 1) / 2) * width
        heights = [values.get(series, 0.0) for values in groups.values()]
        drawn = axes.bar(
            [index + offset for index in range(len(groups))],
            heights,
            width * 0.92,
            color=colour,
            label=series,
        )
        axes.bar_label(drawn, fmt="%.0f", fontsize=SMALL, padding=2)
    axes.set_xticks(range(len(groups)), list(groups))
    style_axes(axes, x_label, y_label)
    # above the axes: the bars may fill all of it
    axes.legend(
        fontsize=SMALL,
        frameon=False,
        ncols=len(colours),
        loc="lower right",
        bbox_to_anchor=(1, 1),
    )
    return figure


def histogram(values: Mapping[str, Sequence[float]], label: str, bins: int = 30) -> Figure:
    """The distribution of values from 0 on, a line per name."""
    figure, axes = new_figure(2.6)
    highest = max((value for row in values.values() for value in row), default=1.0)
    for name, row in values.items():
        axes.hist(
            row, bins=bins, range=(0, highest), histtype="step", linewidth=1.5, label=name
        )
    style_axes(axes, label, "utterances")
    if values:
        axes.legend(fontsize=SMALL, frameon=False)
    return figure


def lines(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], x_label: str, y_label: str
) -> Figure:
    """A line per name, from 0 up.

    Args:
        curves: name -> x values, y values.
    """
    figure, axes = new_figure(2.8)
    for name, (x, y) in curves.items():
        axes.plot(x, y, linewidth=1.5, label=name, marker="." if len(x) < 4 else "")
    style_axes(axes, x_label, y_label)
    axes.set_ylim(bottom=0)
    if curves:
        axes.legend(fontsize=SMALL, frameon=False)
    return figure


def heatmap(values: Mapping[tuple[str, str], float], x_label: str, y_label: str) -> Figure:
    """A cell per (row, column) with its value; cells without a value are empty."""
    values = values or {("none", "none"): 0.0}
    rows, columns = (sorted({key[index] for key in values}) for index in (0, 1))
    figure, axes = new_figure(1.0 + 0.34 * len(rows), 1.6 + 0.62 * len(columns))
    grid = [[values.get((row, column), float("nan")) for column in columns] for row in rows]
    axes.imshow(grid, cmap="Blues", aspect="auto", vmin=0, vmax=1.4 * max(values.values()) or 1)
    for (row, column), value in values.items():
        at = columns.index(column), rows.index(row)
        centred = {"ha": "center", "va": "center"}
        axes.annotate(f"{value:.2g}", at, fontsize=SMALL, color=INK, **centred)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    style_axes(axes, x_label, y_label)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def funnel(steps: Mapping[str, Mapping[str, int]]) -> Figure:
    """Utterances left after each step, stacked by split, with the number that the step removed.

    Args:
        steps: step -> split -> utterances.
    """
    figure, axes = new_figure(0.95 + 0.28 * len(steps))
    splits = list(dict.fromkeys(split for counts in steps.values() for split in counts))
    names, counts = list(steps)[::-1], list(steps.values())[::-1]
    totals = [0] * len(steps)
    for split, colour in zip(splits, SPLIT_COLOURS[: len(splits)], strict=True):
        widths = [count.get(split, 0) for count in counts]
        axes.barh(names, widths, left=totals, color=colour, height=0.62, label=split)
        totals = [total + width for total, width in zip(totals, widths, strict=True)]
    for index, total in enumerate(totals):
        removed = (totals[index + 1] if index + 1 < len(totals) else total) - total
        _annotate_right(axes, f"{total:,}" + (f"  (−{removed:,})" if removed else ""), total, index)
    axes.set_xlim(right=1.2 * max([1, *totals]))
    style_axes(axes)
    axes.set_xlabel("utterances left", fontsize=NORMAL, loc="left")
    if splits:
        figure.legend(
            fontsize=SMALL, frameon=False, ncols=len(splits), loc="outside lower right"
        )
    return figure


def _annotate_right(axes: Axes, text: str, x: float, y: float) -> None:
    offset = {"xytext": (5, 0), "textcoords": "offset points"}
    axes.annotate(text, (x, y), va="center", fontsize=SMALL, color=INK, **offset)
