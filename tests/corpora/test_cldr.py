import pytest

from lib.corpora import cldr
from lib.corpora.cldr import Item, NotInLocale


@pytest.mark.parametrize(
    "item, code, text",
    [
        (Item("unit", "length-kilometer", 12), "eng", "12 kilometers"),
        (Item("unit", "length-kilometer", 1), "est", "1 kilomeeter"),
        (Item("relative", "day", -3), "spa", "hace 3 días"),
        (Item("territory", "FR"), "que", "Francia"),
        (Item("language", "et"), "deu", "Estnisch"),
        (Item("currency", "EUR", 5), "est", "5 eurot"),
        (Item("date", "11", 11), "eng", "November 11"),
        (Item("weekday", "0"), "est", "esmaspäev"),
    ],
)
def test_phrases(item, code, text):
    assert cldr.phrase(item, code) == text


def test_phrases_are_joined_by_the_pattern_of_the_language():
    assert cldr.join_phrases(["A", "B", "C"], "fra") == "A, B et C"


@pytest.mark.parametrize(
    "item, code",
    [
        (Item("unit", "length-kilometer", 12), "mlt"),
        (Item("territory", "FR"), "bem"),
        (Item("unit", "no-such-unit", 2), "eng"),
    ],
)
def test_the_fallback_to_the_root_is_refused(item, code):
    with pytest.raises(NotInLocale, match=code):
        cldr.phrase(item, code)


def test_the_best_known_keys_come_first():
    assert cldr.shared_keys("territory", ("eng", "est"), 3) == ("FR", "ES", "DE")


def test_shared_keys_are_in_every_language():
    assert "length-kilometer" not in cldr.shared_keys("unit", ("eng", "mlt"), 200)
