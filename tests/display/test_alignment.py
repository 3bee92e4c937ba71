import pytest

from lib.display.alignment import alignment, mark_errors
from tests.display.outputs import MARKUP, is_escaped


def test_correct_words_are_not_marked():
    assert mark_errors("in 6 hours", "in 6 hours") == "in 6 hours"


def test_a_substitution_shows_both_words():
    marked = mark_errors("in 6 hours", "in 7 hours")
    assert marked == "in <span class='missing'>6</span> <span class='wrong'>7</span> hours"


def test_a_deletion_is_struck_through():
    assert mark_errors("and Friday", "Friday") == "<span class='missing'>and</span> Friday"


def test_an_insertion_is_marked():
    assert mark_errors("Friday", "on Friday") == "<span class='wrong'>on</span> Friday"


def test_every_word_is_wrong_without_a_reference():
    assert mark_errors("", "on Friday") == "<span class='wrong'>on Friday</span>"


def test_markup_is_escaped():
    assert is_escaped(mark_errors(f"{MARKUP} b", f"{MARKUP} c") + mark_errors("", MARKUP))


def test_words_are_aligned_in_spans_of_one_kind():
    assert alignment("in 6 hours and a half", "in 7 hours or a half now") == [
        ("equal", "in", "in"),
        ("substitute", "6", "7"),
        ("equal", "hours", "hours"),
        ("substitute", "and", "or"),
        ("equal", "a half", "a half"),
        ("insert", "", "now"),
    ]


def test_characters_are_aligned_where_there_are_no_spaces():
    assert alignment("在星期一", "在星期", "char") == [
        ("equal", "在星期", "在星期"),
        ("delete", "一", ""),
    ]
    assert alignment("在星期一", "在星期", "word") == [("substitute", "在星期一", "在星期")]


@pytest.mark.parametrize("unit", ["word", "char"])
def test_a_text_that_is_not_there_is_one_span(unit):
    assert alignment(" ", "on Friday ", unit) == [("insert", "", "on Friday")]
    assert alignment("on Friday", "\n", unit) == [("delete", "on Friday", "")]
    assert alignment("", " ", unit) == []
