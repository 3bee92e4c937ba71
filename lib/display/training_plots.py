"""Charts of training: losses, development scores, and the search for a learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from lib.display.plots import ACCENT, GREY, INK, LARGE, NORMAL, lines, style_axes

if TYPE_CHECKING:
    from lib.training.fit import FitResult


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


def _scores(stage: FitResult) -> tuple[list[int], list[float]]:
    """The updates that were evaluated, and their development scores."""
    rows = [row for row in stage.history if row["score"] is not None]
    return [row["update"] for row in rows], [row["score"] for row in rows]
