"""Progress in a terminal: lines that are replaced while runs go on, and lines that stay."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from io import TextIOBase

SECONDS_BETWEEN_LINES = 15.0  # where the output is no terminal


class Screen:
    """Live lines on a terminal; elsewhere the same lines, printed every 15 s."""

    def __init__(self, out: TextIOBase) -> None:
        self.out, self.live = out, out.isatty()
        self._drawn = 0  # live lines that are on the terminal now
        self._printed = 0.0

    def show(self, lines: Sequence[str]) -> None:
        """Replace the live lines."""
        if self.live:
            size = shutil.get_terminal_size()
            lines = [line[: size.columns - 1] for line in lines[-max(1, size.lines - 1) :]]
            self._clear()
            self.out.write("".join(f"{line}\n" for line in lines))
            self.out.flush()
            self._drawn = len(lines)
        elif time.monotonic() - self._printed > SECONDS_BETWEEN_LINES:
            self._printed = time.monotonic()
            print(*lines, sep="\n", file=self.out, flush=True)

    def print(self, line: str) -> None:
        """Print a line that stays."""
        self._clear()
        print(line, file=self.out, flush=True)

    def _clear(self) -> None:
        if self._drawn:
            self.out.write(f"\x1b[{self._drawn}A\x1b[J")  # up by so many lines, erase below
            self._drawn = 0
