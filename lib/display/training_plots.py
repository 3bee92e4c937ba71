"""Charts of training: losses, development scores, and the search for a learning rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.display.plots import (
    ACCENT,
    GREY,
    INK,
    LARGE,
    NORMAL,
    SMALL,
    SPLIT_COLOURS,
    lines,
    style_axes,
)

if TYPE_CHECKING:
    from lib.training.finished import FitResult


def training_curves(stages: Sequence[FitResult]) -> Figure:
    """The loss of each stage and, where it was evaluated, its development score."""
    stages = [stage for stage in stages if stage.history]
    figure = Figure(figsize=(3.6 * max(1, len(stages)), 2.6), layout="constrained")
    grid = figure.subplots(1, max(1, len(stages)), squeeze=False)[0]
    for axes, stage in zip(grid, stages, strict=False):
        updates = [row["update"] for row in stage.history]
        losses = [row["loss"] for row in stage.history]
        axes.plot(updates, losses, color=GREY, linewidth=0.9)
        axes.set_title(stage.stage, fontsize=LARGE, loc="left", color=INK)
        style_axes(axes, "update", "loss per token")
        axes.yaxis.label.set_color(GREY)
        updates, scores = _scores(stage)
        if scores:
            twin = axes.twinx()
            twin.plot(updates, scores, "o-", color=ACCENT, markersize=3.5)
            twin.set_ylabel("development score", fontsize=NORMAL, color=ACCENT)
            twin.spines["top"].set_visible(False)
            twin.tick_params(labelsize=NORMAL)
    return figure


def development_curves(stages: dict[str, FitResult]) -> Figure:
    """The development scores of several trained systems by update, a line per name."""
    curves = {name: _scores(stage) for name, stage in stages.items()}
    drawn = {name: curve for name, curve in curves.items() if curve[0]}
    return lines(drawn, "update", "development score")


def signal_curves(
    signals: Mapping[str, Sequence[Mapping[str, float]]], panels: Mapping[str, Mapping[str, str]]
) -> Figure:
    """Signals of several trained systems by update, a panel for each quantity.

    Args:
        signals: system -> what each evaluation measured, with its "update".
        panels: label of the vertical axis, with its unit -> signal -> style of its lines.
    """
    figure = Figure(figsize=(6.4, 1.7 * len(panels) + 0.3), layout="constrained")
    grid = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
    colours = colormaps["tab10"].colors
    for axes, (label, styles) in zip(grid, panels.items(), strict=True):
        for index, (system, rows) in enumerate(signals.items()):
            for number, (name, style) in enumerate(styles.items()):
                points = [(row["update"], row[name]) for row in rows if name in row]
                axes.plot(
                    *zip(*points, strict=True) if points else ([], []),
                    style,
                    color=colours[index % len(colours)],
                    label="" if number else system,
                    markersize=3,
                )
        style_axes(axes, "", label)
    grid[-1].set_xlabel("update", fontsize=NORMAL)
    grid[0].legend(fontsize=SMALL, frameon=False)
    return figure


def _scores(stage: FitResult) -> tuple[list[int], list[float]]:
    """The updates that were evaluated, and their development scores."""
    rows = [row for row in stage.history if row["score"] is not None]
    return [row["update"] for row in rows], [row["score"] for row in rows]


def learning_curves(
    trainings: pd.DataFrame, systems: Sequence[str], starts: Mapping[str, str]
) -> Figure:
    """Development scores by update on speech, a panel per direction: means over seeds, and seeds.

    Args:
        trainings: columns of training.csv, and source, target and seed.
        systems: those that are drawn.
        starts: the system that another one starts from; its updates come first.
    """
    directions = trainings[["source", "target"]].drop_duplicates().itertuples(index=False)
    panels = [tuple(direction) for direction in directions]
    figure = Figure(figsize=(4.4 * len(panels), 3.2), layout="constrained")
    grid = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, (source, target) in zip(grid, panels, strict=True):
        part = trainings[(trainings["source"] == source) & (trainings["target"] == target)]
        for system, colour in zip(systems, SPLIT_COLOURS, strict=False):
            _draw_learning(axes, part, system, starts.get(system, ""), colour)
        axes.set_title(f"{source}→{target}", fontsize=LARGE, loc="left", color=INK)
        style_axes(axes, "update on speech", "development score, chrF++")
    grid[-1].legend(fontsize=SMALL, frameon=False)
    return figure


def _draw_learning(
    axes: Axes, part: pd.DataFrame, system: str, start: str, colour: str
) -> None:
    rows = part[(part["system"] == system) & part["score"].notna()]
    before = part.loc[part["system"] == start, "update"].max() if start else 0
    if start:
        axes.axvline(before, color=GREY, linewidth=0.8, linestyle="--")
    for _, seed in rows.groupby("seed"):
        axes.plot(before + seed["update"], seed["score"], color=colour, linewidth=0.6, alpha=0.5)
    mean = rows.groupby("update")["score"].mean()
    axes.plot(before + mean.index, mean, "o-", color=colour, markersize=3, label=system)
