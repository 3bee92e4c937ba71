import pytest

from lib.corpora.text import (
    has_stray_quotes,
    language_mismatch,
    normalize_text,
    repair_text,
    text_fingerprint,
)


@pytest.mark.parametrize(
    "text, repaired, defects",
    [
        ("fine", "fine", []),
        (" two  spaces ", "two spaces", []),
        ("a\u0308", "ä", ["decomposed letters (not NFC)"]),
        ("\u200fא\u200e", "א", ["direction marks"]),
        ("a\x00b", "a b", ["control characters"]),
        ("\u202aa\x07", "a", ["direction marks", "control characters"]),
        ("क्\u200dष", "क्\u200dष", []),  # a joiner is part of the script
        ("sen\u00adten\u200bce\ufeff", "sentence", ["characters without width"]),
    ],
)
def test_repairs(text, repaired, defects):
    assert repair_text(text) == (repaired, defects)


@pytest.mark.parametrize(
    "text, normalized",
    [("It's 5 km!", "it s 5 km"), ("ﬁne", "fine"), ("STRASSE", "strasse"), ("...", "")],
)
def test_normalization(text, normalized):
    assert normalize_text(text) == normalized


INVISIBLE = (
    "\u00ad \u034f \u180b \u200b \u200c \u200d \u2060 \u3164 \ufe0f \ufeff \U000e0041".split(" ")
)


@pytest.mark.parametrize("char", INVISIBLE, ids=ascii)
def test_what_is_invisible_does_not_hide_that_texts_are_equal(char):
    assert normalize_text(f"a sen{char}tence") == "a sentence"


def test_a_fingerprint_has_64_bits():
    assert 0 <= text_fingerprint("eng", "one") < 2**64


@pytest.mark.parametrize("code, text", [("deu", "one"), ("eng", "two")])
def test_another_language_or_text_has_another_fingerprint(code, text):
    assert text_fingerprint("eng", "one") != text_fingerprint(code, text)


@pytest.mark.parametrize(
    "text, stray",
    [('"quoted"', True), ('an open "quote', True), ('a "word" here', False), ("", False)],
)
def test_stray_quotes(text, stray):
    assert has_stray_quotes(text) == stray


GERMAN = "Der Zug nach München fährt heute leider erst um halb neun ab"


@pytest.mark.parametrize(
    "text, code, found",
    [
        (GERMAN, "deu", None),
        (GERMAN, "eng", "deu"),
        (GERMAN[:19], "eng", None),  # too short to identify
        (GERMAN, "rus", "not in the script of Russian"),
        ("12 345", "rus", None),  # no letters
        ("Tristán de Acuña, 27 Noviembre", "que", None),  # names and loans
        (GERMAN.upper(), "eng", "deu"),
        ("今天的火车要到八点半才开往上海真是不好意思", "yue", None),  # Chinese for Cantonese
    ],
)
def test_the_language_of_a_text_that_contradicts_its_label(text, code, found):
    assert language_mismatch(text, code) == found


def test_a_language_that_the_identifier_lacks_must_not_be_the_other_language_of_the_pair():
    french = "Les enfants du village sont partis à la rivière ce matin"
    assert language_mismatch(french, "mdw", "fra") == "fra"


def test_a_language_that_the_identifier_lacks_may_resemble_a_third_language():
    french = "Les enfants du village sont partis à la rivière ce matin"
    assert language_mismatch(french, "mdw", "eng") is None
