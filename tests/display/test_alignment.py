from lib.display.alignment import mark_errors
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
