"""A live training curve as a few kilobytes of SVG, replaced as training goes on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lib.display.html import Page, escape

WIDTH, HEIGHT = 420, 90  # pixels
MAX_POINTS = 140  # a longer run is thinned, so the drawing does not grow
LOSS_COLOUR, SCORE_COLOUR = "#9aa5b1", "#0a6e8a"


class Curve:
    """The loss of one stage update by update, and its development scores."""

    def __init__(self, stage: str, updates: int) -> None:
        self.stage, self.updates = stage, updates
        self._losses: list[tuple[int, float]] = []
        self._scores: list[tuple[int, float]] = []
        self._stride = 1  # updates per stored point

    def add(self, update: int, loss: float, score: float | None = None) -> None:
        """Add one update."""
        if update % self._stride == 0:
            self._losses.append((update, loss))
        if len(self._losses) >= 2 * MAX_POINTS:
            self._losses, self._stride = self._losses[1::2], 2 * self._stride
        if score is not None:
            self._scores.append((update, score))

    def page(self, caption: str) -> Page:
        """The drawing with a caption."""
        text = f"{escape(self.stage)}: loss {_first_to_last(self._losses)}"
        parts = [
            f"<rect width='{WIDTH}' height='{HEIGHT}' fill='none' stroke='#dfe4e8'/>",
            _polyline(self._losses, self.updates, LOSS_COLOUR),
            _polyline(self._scores, self.updates, SCORE_COLOUR, markers=True),
            f"<text x='4' y='11' fill='#67727e'>{text}</text>",
        ]
        if self._scores:
            parts.append(
                f"<text x='{WIDTH - 4}' y='11' fill='{SCORE_COLOUR}' text-anchor='end'>"
                f"score {_first_to_last(self._scores)}</text>"
            )
        drawing = (
            f"<svg width='{WIDTH}' height='{HEIGHT}' role='img' style='font:10px sans-serif'>"
            f"{''.join(parts)}</svg>"
        )
        return Page(f"{drawing}<br><span class='muted'>{escape(caption)}</span>")


def _first_to_last(points: Sequence[tuple[int, float]]) -> str:
    return f"{points[0][1]:.3g} → {points[-1][1]:.3g}" if points else ""


def _polyline(
    points: Sequence[tuple[int, float]], updates: int, colour: str, markers: bool = False
) -> str:
    finite = [(update, value) for update, value in points if math.isfinite(value)]
    if not finite:
        return ""
    values = [value for _, value in finite]
    low, span = min(values), (max(values) - min(values)) or 1
    pixels = [
        (
            4 + (WIDTH - 8) * update / max(1, updates),
            HEIGHT - 6 - (HEIGHT - 24) * (value - low) / span,
        )
        for update, value in finite
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in pixels)
    line = f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='1.2'/>"
    if not markers:
        return line
    return line + "".join(
        f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2.2' fill='{colour}'/>" for x, y in pixels
    )
