"""Progress of a run, shown in its notebook and written to progress.json for the runner."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lib.display.curve import Curve
from lib.display.html import Page, escape
from lib.files import write_json
from lib.progress import TrainingProgress

SECONDS_BETWEEN_LINES = 2.0


class LiveProgress:
    """A line, and for training a curve, that are replaced as work goes on."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "progress.json"
        self._shown = 0.0
        self._curve: Curve | None = None
        self._display: Any = None  # what is replaced in the notebook; None: nothing yet

    def training(self, progress: TrainingProgress) -> None:
        """Show how training goes."""
        stage, update = progress.stage, progress.update
        if self._curve is None or self._curve.stage != stage or update == 1:
            self._curve = Curve(stage, progress.updates)
            self._display = None  # the curve of an earlier stage stays
        self._curve.add(update, progress.loss, progress.score)
        line = training_line(progress)
        if self._is_due(last=update == progress.updates):
            self._show(line, self._curve.page(line))

    def other(self, what: str, done: int, total: int) -> None:
        """Show how something other than training goes."""
        if self._curve is not None:
            self._curve, self._display = None, None
        line = f"{what} {done}/{total}"
        if self._is_due(last=done == total):
            self._show(line, Page(f"<span class='muted'>{escape(line)}</span>"))

    def _is_due(self, last: bool) -> bool:
        due = last or time.monotonic() - self._shown >= SECONDS_BETWEEN_LINES
        if due:
            self._shown = time.monotonic()
        return due

    def _show(self, line: str, page: Page) -> None:
        write_json(self.path, {"line": line, "at": time.time()})
        if self._display is None:
            self._display = _display(page)
        elif self._display:
            self._display.update(page)


def training_line(progress: TrainingProgress) -> str:
    """Where training stands, in a line."""
    best = progress.best_score
    score = "" if best is None else f", best score {best:.1f}"
    minutes, seconds = divmod(round(progress.seconds_left), 60)
    left = f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
    position = f"{progress.stage} {progress.update}/{progress.updates}"
    return f"{position}, loss {progress.loss:.2f}{score}, {left} left"


def _display(page: Page) -> Any:
    """Display a page and return what can replace it; False outside a notebook."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return False
    return display(page, display_id=True) if get_ipython() else False
