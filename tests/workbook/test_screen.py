import io

from lib.workbook import screen
from lib.workbook.screen import Screen


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_replaces_its_lines():
    out = Terminal()
    shown = Screen(out)
    shown.show(["one", "two"])
    shown.show(["three"])
    assert out.getvalue() == "one\ntwo\n\x1b[2A\x1b[Jthree\n"


def test_printed_lines_stay_above():
    out = Terminal()
    shown = Screen(out)
    shown.show(["live"])
    shown.print("stays")
    shown.show(["live"])
    assert out.getvalue() == "live\n\x1b[1A\x1b[Jstays\nlive\n"


def test_lines_are_cut_to_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "5")
    out = Terminal()
    Screen(out).show(["123456789"])
    assert out.getvalue() == "1234\n"


def test_no_more_lines_than_the_terminal_has(monkeypatch):
    monkeypatch.setenv("LINES", "3")
    out = Terminal()
    Screen(out).show(["one", "two", "three"])
    assert out.getvalue() == "two\nthree\n"


def test_elsewhere_lines_are_printed_now_and_then(monkeypatch):
    clock = iter([100.0, 100.0, 101.0, 120.0, 120.0])
    monkeypatch.setattr(screen.time, "monotonic", lambda: next(clock))
    out = io.StringIO()
    shown = Screen(out)
    for line in ("first", "too soon", "later"):
        shown.show([line])
    assert out.getvalue() == "first\nlater\n"
