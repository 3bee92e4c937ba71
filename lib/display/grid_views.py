"""A grid as tables and figures: what it will cost, and what its levels score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.display.html import Page, escape, table
from lib.display.plots import ACCENT, GREY, INK, LARGE, NORMAL, style_axes
from lib.display.study_views import format_seed_mean
from lib.scoring.comparisons import format_interval
from lib.scoring.estimates import Estimate
from lib.scoring.grid_scores import GridScores
from lib.scoring.safe_level import SafeLevel

# measure -> heading, the factor that makes it readable, and decimals
MEASURES = {
    "position_seconds": ("ms of speech in a position", 1000.0, 0),
    "positions_per_token": ("speech positions per token", 1.0, 1),
    "prompt_tokens": ("prompt tokens", 1.0, 1),
    "trained_parameters": ("trained parameters (thousands)", 1e-3, 0),
    "updates": ("updates", 1.0, 0),
    "training_seconds": ("training (s)", 1.0, 0),
    "decoding_seconds_per_hour": ("decoding (s per hour of speech)", 1.0, 0),
    "peak_memory_mb": ("peak memory of training (MB)", 1.0, 0),
}


def scores(
    found: GridScores,
    measures: Sequence[str] = (),
    metric: str = "",
    task: str = "",
    factor: str = "",
) -> Page:
    """A row for each combination of levels: score, difference to the reference level, baseline.

    The best baseline may be the system's own outputs for other clips, so it differs between rows.

    Args:
        measures: names in `MEASURES`, as further columns.
        factor: whose reference level the difference is to; default: the first.
    """
    metric, task = metric or found.metric, task or found.task
    against = found.reference[found.factors.index(factor)] if factor else found.reference[0]
    rows = []
    for levels in found.outputs:
        if (score := found.score(levels, metric, task)) is None:
            continue
        row = dict(zip(found.factors, levels, strict=True))
        row[f"{metric} of {task}"] = format_seed_mean(score)
        difference = found.difference(levels, factor, metric, task)
        row[f"difference to {against}"] = format_seed_mean(difference, "+")
        row["best baseline"] = found.baseline(levels, metric, task)
        row["clips"] = score.n
        row["seeds"] = len(found.seeds(levels))
        for name in measures:
            heading, unit, decimals = MEASURES[name]
            value = found.measure(levels, name)
            row[heading] = None if value is None else f"{value * unit:,.{decimals}f}"
        rows.append(row)
    if all(row["best baseline"] is None for row in rows):
        rows = [{name: v for name, v in row.items() if name != "best baseline"} for row in rows]
    note = f"<p class='muted'>{found.missing} points have no record yet.</p>"
    return Page(table(rows) + (note if found.missing else ""))


def chart(found: GridScores, metric: str = "", task: str = "", label: str = "") -> Figure:
    """The score of each level of the first factor with its interval, a panel for the others.

    Levels that are numbers stand on a scale of doublings. Grey: the best baseline.
    """
    metric, task = metric or found.metric, task or found.task
    panels: dict[str, dict[str, Estimate]] = {}
    baselines: dict[str, float | None] = {}
    for levels in found.outputs:
        if (score := found.score(levels, metric, task)) is not None:
            title = ", ".join(levels[1:])
            panels.setdefault(title, {})[levels[0]] = score
            baselines.setdefault(title, found.baseline(levels, metric, task))
    panels = panels or {"no results yet": {}}
    width = max(2.8, 0.8 * max(len(own) for own in panels.values()))
    figure = Figure(figsize=(1.2 + width * len(panels), 3.2), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for one, (title, own) in zip(axes, panels.items(), strict=True):
        _draw(one, own, baselines.get(title))
        one.set_title(title, fontsize=LARGE, loc="left", color=INK)
    shown = f"{label or found.factors[0]}  (bar: 95 % interval; grey: best baseline)"
    figure.supxlabel(shown, fontsize=NORMAL)
    figure.supylabel(f"{metric} of {task}", fontsize=NORMAL)
    return figure


def _draw(axes: Axes, scores: Mapping[str, Estimate], baseline: float | None) -> None:
    if baseline is not None:
        axes.axhline(baseline, color=GREY, linewidth=1)
    numeric = all(_is_number(level) for level in scores)
    places = [float(level) for level in scores] if numeric else list(range(len(scores)))
    if numeric and places and min(places) > 0:
        axes.set_xscale("log", base=2)
        axes.minorticks_off()
    for place, score in zip(places, scores.values(), strict=True):
        axes.plot([place] * 2, [score.low, score.high], color=ACCENT, linewidth=3, alpha=0.45)
        axes.plot([place] * score.seeds, score.values, "_", color=INK, markersize=5)
        axes.plot([place], [score.value], "o", color=ACCENT, markersize=5)
    axes.set_xticks(places, list(scores))
    if not numeric:
        for text in axes.get_xticklabels():
            text.set(rotation=25, ha="right", rotation_mode="anchor")
    style_axes(axes)


def safe_levels(found: SafeLevel, metric: str) -> Page:
    """What each level costs over the finest, and the largest that is safe, with its margin."""
    rows = [
        {
            "level": cost.level,
            f"costs (points of {metric})": format_interval(cost, "+"),
            f"within {found.margin:g}": cost.verdict,
        }
        for cost in found.costs
    ]
    if any(cost.level == found.largest for cost in found.costs):
        text = f"The largest level that is shown to be safe is {found.largest}; {found.left:.1f} "
        text += f"points of the margin of {found.margin:g} are left."
    else:
        text = f"No level is shown to cost at most {found.margin:g} points."
    return Page(table(rows) + f"<p>{escape(text)}</p>")


def cost(found: Mapping[str, Mapping[str, object]]) -> Page:
    """What grids will take.

    Args:
        found: name of a grid -> what `lib.workbook.cost.cost_row` counts.
    """
    columns = dict.fromkeys(name for row in found.values() for name in row)
    rows = [{"grid": name} | columns | dict(row) for name, row in found.items()]
    return Page(table(rows))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


