"""Figures of runs: how training went, and where scores stand with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from lib.scoring.seeds import OverSeeds
from lib.training.lr_finder import LearningRateSearch

INK, ACCENT, GREY = "#1d2733", "#0a6e8a", "#9aa5b1"


def _bare(axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=9)


def training_curves(stages: Mapping[str, Sequence[dict]]) -> Figure:
    """Loss of each stage, and the decoded development score where there is one.

    Args:
        stages: name to the rows of its training.csv.
    """
    stages = {name: rows for name, rows in stages.items() if rows}
    figure = Figure(figsize=(3.6 * len(stages), 2.6), layout="constrained")
    for axes, (name, rows) in zip(figure.subplots(1, len(stages), squeeze=False)[0], stages.items(), strict=True):
        axes.plot([row["update"] for row in rows], [row["loss"] for row in rows], color=GREY, linewidth=0.9)
        axes.set_title(name, fontsize=10, loc="left", color=INK)
        axes.set_xlabel("update", fontsize=9)
        axes.set_ylabel("loss per token", fontsize=9, color=GREY)
        _bare(axes)
        scored = [row for row in rows if row.get("score") is not None]
        if scored:
            twin = axes.twinx()
            twin.plot([row["update"] for row in scored], [row["score"] for row in scored], "o-", color=ACCENT, markersize=3.5)
            twin.set_ylabel("development score", fontsize=9, color=ACCENT)
            twin.spines["top"].set_visible(False)
            twin.tick_params(labelsize=9)
    return figure


def rate_search(found: LearningRateSearch) -> Figure:
    """Loss against learning rate, with the rate that is suggested."""
    figure = Figure(figsize=(4.6, 2.6), layout="constrained")
    axes = figure.subplots()
    axes.semilogx(found.rates, found.losses, color=GREY, linewidth=0.8)
    axes.semilogx(found.rates, found.smoothed, color=ACCENT, linewidth=1.6)
    axes.axvline(found.suggestion, color=INK, linewidth=0.8, linestyle=":")
    axes.annotate(f"{found.suggestion:.1e}", (found.suggestion, max(found.smoothed)), fontsize=9, color=INK)
    axes.set_xlabel("learning rate", fontsize=9)
    axes.set_ylabel("loss per token", fontsize=9)
    _bare(axes)
    return figure


def scores_with_intervals(table: Sequence[dict], metric: str) -> Figure:
    """Scores of one metric, a line each with its 95 % interval, baselines in grey."""
    rows = [row for row in table if row["metric"] == metric]
    figure = Figure(figsize=(6.4, 0.55 + 0.36 * max(1, len(rows))), layout="constrained")
    # in a chart of several runs the notebook's number tells two runs of one strategy apart
    numbers = [f"{row['run'][:2]}  " if "run" in row else "" for row in rows]
    names = [f"{n}{row['strategy']}  {row['task']} {row['source']}→{row['target']}" for n, row in zip(numbers, rows, strict=True)]
    axes = figure.subplots()
    _intervals(axes, rows, names)
    axes.set_xlabel(f"{metric}, with its 95 % interval", fontsize=9)
    return figure


def scores_by_pair(table: Sequence[dict], metric: str) -> Figure:
    """The same with a panel a language pair and corpus, the largest panels first and the best systems at the top."""
    panels: dict[str, list[dict]] = {}
    for row in sorted((row for row in table if row["metric"] == metric), key=lambda row: -row["value"]):
        panels.setdefault(" ".join([f"{row['source']}→{row['target']}", *_corpus_of(row)]), []).append(row)
    panels = dict(sorted(panels.items(), key=lambda panel: (-len(panel[1]), panel[0]))) or {"nothing is measured yet": []}
    columns = min(2, len(panels))
    titles = list(panels)
    lines = [titles[first : first + columns] for first in range(0, len(titles), columns)]
    most = [max(1, len(panels[line[0]])) for line in lines]
    ends = [0.0, *(row[end] for rows in panels.values() for row in rows for end in ("low", "high"))]
    figure = Figure(figsize=(5.2 * columns, 0.4 + sum(0.6 + 0.24 * rows for rows in most)), layout="constrained")
    grid = figure.subplots(len(lines), columns, squeeze=False, sharex=True, height_ratios=[2.5 + rows for rows in most])
    for index, axes in enumerate(grid.flat):
        if index >= len(titles):
            axes.set_axis_off()
            continue
        rows = panels[titles[index]]
        _intervals(axes, rows, [f"{row['run'][:2]}  {row['strategy']}" for row in rows])
        axes.set_ylim(len(rows) - most[index // columns] - 0.6, len(rows) - 0.4)  # lines as far apart as in its neighbour
        axes.set_xlim(min(ends), 1.02 * max([1.0, *ends]))
        axes.set_title(titles[index], fontsize=10, loc="left", color=INK)
        axes.tick_params(labelbottom=True)
    figure.supxlabel(f"{metric}, with its 95 % interval", fontsize=9)
    return figure


def _corpus_of(row: dict) -> list[str]:
    """Its name in the run's, where the run was not given the phrasebook."""
    return [part.removeprefix("corpus=") for part in row["run"].split(",") if part.startswith("corpus=")]


def _intervals(axes, rows: Sequence[dict], names: Sequence[str]) -> None:
    """A line a score, the first at the top."""
    for index, row in enumerate(rows[::-1]):
        colour = GREY if row["system"] == "baseline" else ACCENT
        axes.plot([row["low"], row["high"]], [index, index], color=colour, linewidth=3, solid_capstyle="round")
        axes.plot([row["value"]], [index], "o", color=colour, markersize=6)
        axes.annotate(
            f"{row['value']:.1f}", (row["high"], index), xytext=(6, 0), textcoords="offset points", va="center", fontsize=9
        )
    axes.set_yticks(range(len(rows)), names[::-1], fontsize=9)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlim(left=min([0.0, *(row["low"] for row in rows)]))
    _bare(axes)


def bars(counts: Mapping[str, float], label: str) -> Figure:
    """A horizontal bar for each name."""
    figure = Figure(figsize=(6.4, 0.5 + 0.28 * len(counts)), layout="constrained")
    axes = figure.subplots()
    axes.barh(list(counts)[::-1], list(counts.values())[::-1], color=ACCENT, height=0.62)
    axes.set_xlabel(label, fontsize=9)
    _bare(axes)
    return figure


def histogram(values: Mapping[str, Sequence[float]], label: str, bins: int = 30) -> Figure:
    """How values are spread, a line for each name."""
    figure = Figure(figsize=(6.4, 2.6), layout="constrained")
    axes = figure.subplots()
    everything = [value for row in values.values() for value in row] or [1.0]
    for index, (name, row) in enumerate(values.items()):
        axes.hist(row, bins=bins, range=(0, max(everything)), histtype="step", linewidth=1.5, label=name, color=f"C{index}")
    axes.set_xlabel(label, fontsize=9)
    if values:
        axes.legend(fontsize=8, frameon=False)
    _bare(axes)
    return figure


def funnel(steps: Mapping[str, Mapping[str, int]]) -> Figure:
    """What is left after each step, a bar each with a colour a split, and how many the step took.

    Args:
        steps: step -> split -> utterances.
    """
    figure = Figure(figsize=(6.4, 0.7 + 0.28 * len(steps)), layout="constrained")
    axes = figure.subplots()
    splits = list(dict.fromkeys(split for counts in steps.values() for split in counts))
    rows = list(steps.items())[::-1]
    start = [0] * len(rows)
    for split, colour in zip(splits, (ACCENT, "#e0a030", "#7a4b8a", GREY)[: len(splits)], strict=True):
        widths = [counts.get(split, 0) for _, counts in rows]
        axes.barh([name for name, _ in rows], widths, left=start, color=colour, height=0.62, label=split)
        start = [a + b for a, b in zip(start, widths, strict=True)]
    for index, total in enumerate(start):
        lost = (start[index + 1] if index + 1 < len(start) else total) - total
        note = f"{total:,}" + (f"  (−{lost:,})" if lost else "")
        axes.annotate(note, (total, index), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8, color=INK)
    axes.set_xlim(right=1.2 * max([1, *start]))
    axes.set_xlabel("utterances left", fontsize=9, loc="left")
    # under the axis: beside it there is no room, and above it the bars are longest
    axes.legend(fontsize=8, frameon=False, ncols=len(splits), loc="upper right", bbox_to_anchor=(1, -0.09))
    _bare(axes)
    return figure


def lines(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], across: str, up: str) -> Figure:
    """A line for each name."""
    figure = Figure(figsize=(6.4, 2.8), layout="constrained")
    axes = figure.subplots()
    for index, (name, (x, y)) in enumerate(curves.items()):
        axes.plot(x, y, linewidth=1.5, label=name, color=f"C{index}", marker="." if len(x) < 4 else "")
    axes.set_xlabel(across, fontsize=9)
    axes.set_ylabel(up, fontsize=9)
    axes.set_ylim(bottom=0)
    if curves:
        axes.legend(fontsize=8, frameon=False)
    _bare(axes)
    return figure


def heat(values: Mapping[tuple[str, str], float], across: str, down: str) -> Figure:
    """A field for each (row, column), with its value written into it; empty where there is nothing."""
    values = values or {("nothing", "nothing"): 0.0}
    rows, columns = (sorted({key[index] for key in values}) for index in (0, 1))
    figure = Figure(figsize=(1.6 + 0.62 * len(columns), 1.0 + 0.34 * len(rows)), layout="constrained")
    axes = figure.subplots()
    grid = [[values.get((row, column), float("nan")) for column in columns] for row in rows]
    axes.imshow(grid, cmap="Blues", aspect="auto", vmin=0, vmax=1.4 * max(values.values()) or 1)
    for (row, column), value in values.items():
        axes.annotate(f"{value:.2g}", (columns.index(column), rows.index(row)), ha="center", va="center", fontsize=8, color=INK)
    axes.set_xticks(range(len(columns)), columns, fontsize=9)
    axes.set_yticks(range(len(rows)), rows, fontsize=9)
    axes.set_xlabel(across, fontsize=9)
    axes.set_ylabel(down, fontsize=9)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    return figure


def grouped(values: Mapping[str, Mapping[str, float]], across: str, up: str, colours: Mapping[str, str]) -> Figure:
    """For each group a bar a series, with its value above it.

    Args:
        values: group -> series -> value.
        colours: of each series.
    """
    figure = Figure(figsize=(6.4, 2.8), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(colours)
    for number, (series, colour) in enumerate(colours.items()):
        places = [index + (number - (len(colours) - 1) / 2) * width for index in range(len(values))]
        heights = [group.get(series, 0.0) for group in values.values()]
        axes.bar(places, heights, width * 0.92, color=colour, label=series)
        for index, height in zip(places, heights, strict=True):
            axes.annotate(f"{height:.0f}", (index, height), xytext=(0, 2), textcoords="offset points", ha="center", fontsize=8)
    axes.set_xticks(range(len(values)), list(values), fontsize=9)
    axes.set_xlabel(across, fontsize=9)
    axes.set_ylabel(up, fontsize=9)
    # above the bars, which may be as high as the axis
    axes.legend(fontsize=8, frameon=False, ncols=len(colours), loc="lower right", bbox_to_anchor=(1, 1))
    _bare(axes)
    return figure


def gains(panels: Mapping[str, Mapping[str, OverSeeds]], across: str) -> Figure:
    """Differences with their intervals around zero, a panel side by side for each name.

    The mean is a dot, each seed a tick. What was trained once is hollow and dashed: its interval knows the test set alone, so
    that it looks the surer for having been tried less.

    Args:
        panels: title -> name -> the difference.
    """
    panels = panels or {"nothing is measured yet": {}}
    names = list(dict.fromkeys(name for rows in panels.values() for name in rows))[::-1]
    figure = Figure(figsize=(1.4 + 2.0 * len(panels), 1.1 + 0.3 * max(1, len(names))), layout="constrained")
    for index, (axes, (title, rows)) in enumerate(
        zip(figure.subplots(1, len(panels), squeeze=False, sharey=True, sharex=True)[0], panels.items(), strict=True)
    ):
        axes.axvline(0, color=GREY, linewidth=0.8)
        for name, gain in rows.items():
            height, once = names.index(name), len(gain.each) == 1
            colour = ACCENT if not once and (gain.low > 0 or gain.high < 0) else GREY
            line = {"linewidth": 1, "linestyle": "--"} if once else {"linewidth": 3, "solid_capstyle": "round"}
            axes.plot([gain.low, gain.high], [height, height], color=colour, **line)
            axes.plot(gain.each, [height - 0.27] * len(gain.each), "|", color=colour, markersize=4)
            axes.plot([gain.value], [height], "o", color=colour, markersize=5, markerfacecolor="white" if once else colour)
        axes.set_title(title, fontsize=10, loc="left", color=INK)
        axes.set_ylim(-0.6, len(names) - 0.4)
        if not index:
            axes.set_yticks(range(len(names)), names, fontsize=9)
        _bare(axes)
    figure.supxlabel(
        f"{across}, with its 95 % interval and each seed below it\n"
        "grey: the interval holds zero; dashed: one seed, of which the interval knows nothing",
        fontsize=9,
    )
    return figure
