"""Whether a system listens: its outputs under changed sound as a table, curves and clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.data.sound_conditions import COUNTERFACTUAL, CURVES, SPEAKER, Condition
from lib.display.html import Page, escape, table
from lib.display.player import Clips
from lib.display.plots import INK, LARGE, NORMAL, SMALL, style_axes
from lib.scoring.comparisons import format_interval
from lib.scoring.dependence import CLEAN, ConditionScore, output_change
from lib.scoring.outputs import OutputRow

GUESSED = "another clip"  # outputs as fluent and as long as ever: what they score is guessed
WITHOUT_SPEECH = ("silence", "noise")
WANTED = {c.name: "high" for c in COUNTERFACTUAL} | {c.name: "low" for c in SPEAKER}
# Okabe and Ito's colours, which colour-blind people tell apart, with markers
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
STYLES = tuple(zip(COLOURS, "osD^vP", strict=True))
TITLES = {
    "SNR": "noise: SNR, dB",
    "overlap": "overlapping speech: target-to-masker ratio, dB",
    "RT60": "reverberation: RT60, s",
    "speed": "speed factor (pitch changes, too)",
}


def dependence(
    scores: Sequence[ConditionScore],
    left_out: Mapping[str, str] = {},
    unrelated: Mapping[str, float] = {},
) -> Page:
    """A table for each system and task, a row a condition; with what is written for no speech.

    Args:
        left_out: conditions and clips without outputs, and why.
        unrelated: see `lib.scoring.dependence.unrelated_change`.
    """
    tables: dict[str, list[dict]] = {}
    for score in scores:
        frequent = "; ".join(f"{n}× {text or '(empty)'}" for text, n in score.frequent)
        row = {
            "condition": score.condition,
            "output changed, %": format_interval(score.dependence),
            "expected": WANTED.get(score.condition, ""),
            score.metric: format_interval(score.quality),
            "change": format_interval(score.change, "+") if score.condition != CLEAN else "",
            "relative score, %": format_interval(score.kept) if score.condition != CLEAN else "",
            "empty, %": round(score.empty, 1),
            "most frequent": frequent if score.condition in WITHOUT_SPEECH else "",
        }
        tables.setdefault(f"{score.system}, {score.task}", []).append(row)
    parts = [f"<p><b>{escape(name)}</b></p>{table(rows)}" for name, rows in tables.items()]
    parts += [
        f"<p>{escape(name)}: outputs for unrelated clips differ by {change:.1f} %.</p>"
        for name, change in unrelated.items()
    ]
    if missing := [f"<li>{escape(n)}: {escape(why)}</li>" for n, why in left_out.items()]:
        parts.append(f"Left out:<ul>{''.join(missing)}</ul>")
    return Page("".join(parts))


def quality_curves(scores: Sequence[ConditionScore]) -> Figure:
    """The quality by the level of noise, of a second talker, by reverberation and speed.

    Args:
        scores: of one or several systems under `CURVES`, `CLEAN` and `GUESSED`.

    Raises:
        ValueError: the scores are of several metrics.
    """
    metrics = sorted({score.metric for score in scores})
    if len(metrics) != 1:
        raise ValueError(f"curves of {', '.join(metrics) or 'nothing'}; give scores of one metric")
    tasks, systems = {score.task for score in scores}, {}
    for score in scores:
        name = f"{score.system} {score.task}" if len(tasks) > 1 else score.system
        systems.setdefault(name, {})[score.condition] = score
    figure = Figure(figsize=(8.0, 5.4), layout="constrained")
    grid = figure.subplots(2, 2, sharey=True)
    for axes, (kind, title) in zip(grid.flat, TITLES.items(), strict=True):
        style_axes(axes)
        axes.set_title(title, fontsize=LARGE, loc="left", color=INK)
        ends = _draw_curves(axes, CURVES[kind], systems)
        if axes in grid[:, -1]:  # in every panel names would take half of the width
            _label_ends(axes, ends)
    figure.supylabel(metrics[0], fontsize=NORMAL)
    note = f"bands: 95 % intervals; dotted: chance level, with the sound of {GUESSED}"
    figure.supxlabel(note, fontsize=NORMAL)
    return figure


def _draw_curves(
    axes: Axes, curve: Sequence[Condition], systems: Mapping[str, Mapping[str, ConditionScore]]
) -> dict[str, tuple[float, float, str]]:
    """A line per system, from easy to hard; returns its end and its colour."""
    decibels = curve[0].unit == "dB"
    levels = {condition.name: condition.level for condition in curve}
    # infinitely many dB are drawn one step beyond the others
    levels[CLEAN] = max(levels.values()) + 10 if decibels else float(curve[0].kind == "speed")
    points = sorted(levels.items(), key=lambda point: point[1], reverse=decibels)
    labels = [CLEAN if decibels and name == CLEAN else f"{x:g}" for name, x in points]
    axes.set_xticks([x for _, x in points], labels, fontsize=SMALL)
    if decibels:
        axes.invert_xaxis()
    ends = {}
    for (system, found), (colour, marker) in zip(systems.items(), cycle(STYLES), strict=False):
        drawn = [(x, found[name].quality) for name, x in points if name in found]
        x, estimates = zip(*drawn, strict=True)
        axes.plot(x, [e.value for e in estimates], color=colour, marker=marker, markersize=4)
        band = [e.low for e in estimates], [e.high for e in estimates]
        axes.fill_between(x, *band, color=colour, alpha=0.15, linewidth=0)
        if GUESSED in found:
            axes.axhline(found[GUESSED].quality.value, color=colour, linestyle=":", linewidth=1)
        ends[system] = (x[-1], estimates[-1].value, colour)
    axes.set_ylim(bottom=0)
    return ends


def _label_ends(axes: Axes, ends: Mapping[str, tuple[float, float, str]]) -> None:
    """The name of each line at its end, moved up where it would lie on another name."""
    lowest, step = float("-inf"), 0.08 * axes.get_ylim()[1]
    for name, (x, y, colour) in sorted(ends.items(), key=lambda end: end[1][1]):
        lowest = max(y, lowest + step)
        place = {"xytext": (6, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(name, (x, lowest), color=colour, fontsize=SMALL, **place)


def condition_clips(rows: Sequence[OutputRow], id: str = "") -> Clips:
    """One utterance under every condition, with the outputs of one system and task.

    Args:
        id: of the utterance; "": the first.

    Raises:
        ValueError: there is no output for it under `CLEAN`.
    """
    clean = next((r for r in rows if r.subset == CLEAN and id in ("", r.id)), None)
    if clean is None:
        raise ValueError(f"no output for {id!r} under {CLEAN!r}; give an id of the rows")
    own = [r for r in rows if (replace(r.key, subset=CLEAN), r.id) == (clean.key, clean.id)]
    changes = output_change(own, [clean.hypothesis] * len(own)).utterance_scores
    shown = [
        {"sound": row.subset, "output": row.hypothesis, "output changed, %": round(change)}
        for row, change in zip(own, changes, strict=True)
    ]
    named = f"{clean.system} {clean.strategy}, {clean.source}→{clean.target}, {clean.id}"
    caption = f"{named}. Reference: {clean.reference}"
    return Clips(rows=shown, audio=[Path(row.audio) for row in own], caption=caption)
