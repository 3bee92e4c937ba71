"""Calibration of the predictions: how often they were right, against chance, and each of them."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.display.html import Page, table
from lib.display.plots import ACCENT, GREY, INK, SMALL, SPLIT_COLOURS, new_figure, style_axes
from lib.scoring.calibration import Calibration, Prediction, by_chance, calibrate, spreads

# colour and marker of a verdict
STYLES = {"held": (ACCENT, "o"), "inconclusive": (GREY, "D"), "failed": (SPLIT_COLOURS[1], "s")}
LEFT, RIGHT = -1.5, 2.5  # of the common scale; what is beyond is drawn at its edge
OPEN = 0.25  # how far the bar of a range without an end goes on


def shares(known: Sequence[Prediction]) -> Page:
    """How often the measured value lay inside: papers and workbook, before and after, and all."""
    if not known:
        return Page("<p>No prediction is measured yet.</p>")
    rows = []
    for registration in dict.fromkeys(one.registration for one in known):
        for of_paper, whose in ((True, "of a paper"), (False, "the workbook's")):
            same = [one for one in known if one.registration == registration]
            if group := [one for one in same if one.of_paper is of_paper]:
                rows.append(_row(registration, whose, calibrate(group, known)))
    if len(rows) > 1:
        rows.append(_row("all", "all", calibrate(known, known)))
    return Page(table(rows))


def _row(registration: str, whose: str, found: Calibration) -> dict[str, object]:
    width = found.relative_width
    return {
        "predicted": registration,
        "claims": whose,
        "number": found.number,
        "inside": found.inside,
        "inside, %": f"{found.share:.0f} ({found.low:.0f} to {found.high:.0f})",
        "by chance, %": "" if found.by_chance is None else f"{found.by_chance:.0f}",
        "ranges with one end": found.one_sided,
        "width of the others": "" if width is None else f"{width:.2f}",
    }


def ranges(known: Sequence[Prediction]) -> Figure:
    """Each predicted range as a bar from 0 to 1, with the measured value and its interval.

    A range with one end goes on beyond the other; there, 1 is a standard deviation of all measured
    values in its unit.
    """
    figure, axes = new_figure(1.1 + 0.19 * max(1, len(known)), 7.4)
    spread = spreads(known)
    for place, one in enumerate(reversed(known)):
        _draw(axes, place, one, spread.get(one.unit), by_chance(one, known))
    labels = [f"{one.claim}  {_range(one)}" for one in reversed(known)]
    style_axes(axes, "0 and 1: the ends of the predicted range")
    axes.set_yticks(range(len(known)), labels, fontsize=SMALL)
    axes.set_xticks((-1, 0, 1, 2))
    axes.set_xlim(LEFT - 0.05, RIGHT + 0.55)
    axes.set_ylim(-0.8, len(known) - 0.2)
    for name, (colour, marker) in STYLES.items():
        axes.plot([], [], marker, color=colour, label=name, markersize=5)
    axes.text(RIGHT + 0.53, len(known) - 0.35, "by chance", fontsize=SMALL, ha="right", color=INK)
    figure.legend(fontsize=SMALL, frameon=False, ncols=3, loc="outside upper left")
    return figure


def _draw(
    axes: Axes, place: int, one: Prediction, spread: float | None, chance: float | None
) -> None:
    colour, marker = STYLES[one.verdict]
    start = -OPEN if one.open_low else 0.0
    end = 1.0 + OPEN if one.open_high else 1.0
    axes.barh(place, end - start, left=start, height=0.74, color=ACCENT, alpha=0.13, linewidth=0)
    for is_open, at, arrow in ((one.open_low, start, "<"), (one.open_high, end, ">")):
        if is_open:
            axes.plot([at], [place], arrow, color=ACCENT, alpha=0.4, markersize=3.5)
    value, low, high = (one.scaled(number, spread) for number in (one.value, *one.interval))
    axes.plot([_shown(low), _shown(high)], [place] * 2, color=colour, linewidth=1.6)
    beyond = ">" if value > RIGHT else "<" if value < LEFT else marker
    axes.plot([_shown(value)], [place], beyond, color=colour, markersize=4.5)
    text = "" if chance is None else f"{chance:.0f} %"
    axes.text(RIGHT + 0.53, place, text, fontsize=SMALL, ha="right", va="center", color=INK)


def _shown(value: float) -> float:
    return min(max(value, LEFT), RIGHT)


def _range(one: Prediction) -> str:
    low, high = one.predicted
    if one.open_high and not one.open_low:
        return f"over {low:g}"
    return f"under {high:g}" if one.open_low and not one.open_high else f"{low:g} to {high:g}"
