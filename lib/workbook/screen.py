"""Progress in a terminal: lines that are replaced while runs go on, and lines that stay."""

from __future__ import annotations

import shutil
import sys
import time
import unicodedata
from collections.abc import Sequence
from io import TextIOBase

SECONDS_BETWEEN_LINES = 15.0  # where the output is no terminal


# Unicode's categories of what moves a cursor, ends a line or is no character
_HIDDEN = ("Cc", "Cs", "Zl", "Zp")
# they show text in another order than it has; marks that Arabic and Hebrew need are not among them
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    """Text from anywhere as a terminal may get it: control characters are written out.

    Line ends and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode() if _acts(character) else character
        for character in text
    )


def _acts(character: str) -> bool:
    hidden = unicodedata.category(character) in _HIDDEN and character not in "\n\t"
    return hidden or character in _REORDERING


def say(text: str, out: TextIOBase | None = None) -> None:
    """Print text from anywhere; see `printable`.

    Args:
        out: default: stdout.
    """
    out = out or sys.stdout
    encoding = getattr(out, "encoding", None) or "utf-8"
    # a terminal that knows no arrows gets them written out
    text = printable(text).encode(encoding, "backslashreplace").decode(encoding)
    print(text, file=out, flush=True)


class Screen:
    """Live lines on a terminal; elsewhere the same lines, printed every 15 s.

    Args:
        out: None: the standard output.
    """

    def __init__(self, out: TextIOBase | None = None) -> None:
        self.out = out or sys.stdout
        self.live = self.out.isatty()
        self._drawn = 0  # live lines that are on the terminal now
        self._printed = 0.0

    def show(self, lines: Sequence[str]) -> None:
        """Replace the live lines."""
        if self.live:
            size = shutil.get_terminal_size()
            lines = [_one_line(line) for line in lines[-max(1, size.lines - 1) :]]
            lines = [line[: size.columns - 1] for line in lines]
            self._clear()
            self.out.write("".join(f"{line}\n" for line in lines))
            self.out.flush()
            self._drawn = len(lines)
        elif time.monotonic() - self._printed > SECONDS_BETWEEN_LINES:
            self._printed = time.monotonic()
            say("\n".join(map(_one_line, lines)), self.out)

    def print(self, line: str) -> None:
        """Print a line that stays."""
        self._clear()
        say(line, self.out)

    def _clear(self) -> None:
        if self._drawn:
            self.out.write(f"\x1b[{self._drawn}A\x1b[J")  # up by so many lines, erase below
            self._drawn = 0


def _one_line(text: str) -> str:
    """A live line: it is replaced later, so it must not be several."""
    return printable(" ".join(text.split("\n")))
