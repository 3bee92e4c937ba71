import io

import pytest

from lib.workbook import screen
from lib.workbook.screen import Screen, printable, say


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, \twith a tab\nand a line", "plain, \twith a tab\nand a line"),
        ("Gàidhlig ʻōlelo 普通话 هفتهٔ می\u200cشود", "Gàidhlig ʻōlelo 普通话 هفتهٔ می\u200cشود"),
        ("12\u202f500\u00a0€", "12\u202f500\u00a0€"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("\x9b2J\x7f\r", "\\x9b2J\\x7f\\r"),
        ("\0", "\\x00"),
        ("a\u2028b", "a\\u2028b"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_acts_on_a_terminal_is_written_out(text, shown):
    assert printable(text) == shown


def test_lines_of_a_screen_are_safe():
    out = Terminal()
    Screen(out).show(["a\nb\x1b[2J"])
    Screen(out).print("c\x1b[2J")
    assert out.getvalue() == "a b\\x1b[2J\nc\\x1b[2J\n"


def test_an_output_that_knows_no_arrows_gets_them_written_out():
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    say("est→eng \udcff", out)
    assert out.buffer.getvalue() == b"est\\u2192eng \\udcff\n"
