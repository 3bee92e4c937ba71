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


def keys(*codes, **counts):
    """Up to so many keys of each kind, none of other kinds."""
    return cldr.distinct_keys(codes, tuple(counts.get(kind, 0) for kind in cldr.KINDS))


def test_the_best_known_keys_come_first():
    assert keys("eng", "est", territory=3)["territory"] == ("FR", "ES", "DE")


def test_keys_are_in_every_language():
    assert "length-kilometer" not in keys("eng", "mlt", unit=200)["unit"]


# ---- homographs: in Estonian Hispaania is Spain, and hispaania is Spanish ----


@pytest.mark.parametrize(
    "codes, kept", [(("est",), False), (("eng", "est"), False), (("eng", "fra"), True)]
)
def test_a_language_that_sounds_like_its_country_is_left_out(codes, kept):
    found = keys(*codes, territory=10, language=10)
    assert "ES" in found["territory"]
    assert ("es" in found["language"]) is kept


def test_a_language_whose_country_is_not_taken_is_kept():
    assert "es" in keys("est", language=10)["language"]


@pytest.mark.parametrize("count", [4, 10, 30])
def test_homographs_are_replaced_by_further_keys(count):
    found = keys("est", "eng", territory=count, language=count)
    assert [len(found[kind]) for kind in ("territory", "language")] == [count, count]


@pytest.mark.parametrize("code", ["est", "eng", "fra", "spa"])
def test_no_two_keys_sound_alike(code):
    found = cldr.distinct_keys(("est", "eng", "fra", "spa"), (30,) * len(cldr.KINDS))
    texts = [
        cldr.phrase(Item(kind, key, 2), code).casefold()
        for kind, chosen in found.items()
        for key in chosen
    ]
    assert len(set(texts)) == len(texts)
