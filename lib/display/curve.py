"""How training goes, as one small drawing that is replaced while it goes on: no library, no kernel, a few kilobytes."""

from __future__ import annotations

from collections.abc import Sequence

from lib.display.html import Page, escape

WIDTH, HEIGHT = 420, 90  # pixels
POINTS = 140  # drawn at most: a long run is thinned, so that the drawing never grows


class Curve:
    """The loss of a stage, update by update, and the development scores beside it."""

    def __init__(self, stage: str, updates: int) -> None:
        self.stage, self.updates = stage, updates
        self._losses: list[tuple[int, float]] = []
        self._scores: list[tuple[int, float]] = []
        self._every = 1  # updates that one kept point stands for

    def add(self, update: int, loss: float, score: float | None = None) -> None:
        """Take one update in."""
        if update % self._every == 0:
            self._losses.append((update, loss))
        if len(self._losses) >= 2 * POINTS:  # every other one goes, and half as many come in from now on
            self._losses, self._every = self._losses[1::2], 2 * self._every
        if score is not None:
            self._scores.append((update, score))

    def page(self, line: str) -> Page:
        """The drawing, with a line of text under it."""
        loss = _line(self._losses, self.updates, "#9aa5b1")
        score = _line(self._scores, self.updates, "#0a6e8a", dots=True)
        words = [f"<text x='4' y='11' fill='#67727e'>{escape(self.stage)}: loss {_span(self._losses)}</text>"]
        if self._scores:
            words.append(f"<text x='{WIDTH - 4}' y='11' fill='#0a6e8a' text-anchor='end'>score {_span(self._scores)}</text>")
        drawing = (
            f"<svg width='{WIDTH}' height='{HEIGHT}' role='img' style='font:10px sans-serif'>"
            f"<rect width='{WIDTH}' height='{HEIGHT}' fill='none' stroke='#dfe4e8'/>{loss}{score}{''.join(words)}</svg>"
        )
        return Page(f"{drawing}<br><span class='muted'>{escape(line)}</span>")


def _span(points: Sequence[tuple[int, float]]) -> str:
    return f"{points[0][1]:.3g} → {points[-1][1]:.3g}" if points else ""


def _line(points: Sequence[tuple[int, float]], updates: int, colour: str, dots: bool = False) -> str:
    finite = [(update, value) for update, value in points if value == value and abs(value) != float("inf")]
    if not finite:
        return ""
    low, high = min(value for _, value in finite), max(value for _, value in finite)
    places = [
        (4 + (WIDTH - 8) * update / max(1, updates), HEIGHT - 6 - (HEIGHT - 24) * (value - low) / ((high - low) or 1))
        for update, value in finite
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    marks = "".join(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2.2' fill='{colour}'/>" for x, y in places) if dots else ""
    return f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='1.2'/>{marks}"
