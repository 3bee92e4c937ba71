"""Signs that a text is not what was said: traces of markup, broken encodings, placeholders."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache

from lib.corpora.text import normalize_text
from lib.languages import language

MAX_LENGTH_RATIO = 10.0  # of two texts of an utterance, in comparable characters
MIN_LENGTHY = 50  # characters of the longer text; below, a word may well be a sentence elsewhere
MIN_EQUAL_WORDS = 3  # in lower case: names and numbers are often equal in two languages
LATIN_PER_HAN = 2.5  # a Chinese character is as much text as so many letters

# What spreadsheets, pandas and databases write for nothing. "null", "none" and "na" are words.
PLACEHOLDERS = frozenset(
    "nan NaN NAN NULL Null N/A n/a #N/A #NA <NA> #REF! #VALUE! #NAME? #DIV/0! undefined".split()
)
ANNOTATION = re.compile(  # bounded, so that a text of brackets alone takes no longer than others
    r"\[[^\]]{0,99}\]|\([^)]{0,99}\)|<[^>]{0,99}>|\{[^}]{0,99}\}|\*[^*]{0,99}\*"
)
_EXPORT, _SAID = "export the text as plain text", "remove it from the text, unless it is said"
TRACES = (
    (re.compile(r"</?[A-Za-z][\w-]*(?:\s+[\w-]+=[^<>]*)?\s*/?>"), "a tag", _EXPORT),
    (re.compile(r"&(?:#\d+|#[xX][\da-fA-F]+|[A-Za-z]+\d*);"), "an entity", _EXPORT),
    (re.compile(r"\\(?:[nrt](?![\w\\])|u[\da-fA-F]{4}|x[\da-fA-F]{2})"), "an escape", _EXPORT),
    (re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE), "a web address", _SAID),
)
# letters of each script that cannot be told from those of another one of the three
LOOK_ALIKES = {
    "LATIN": frozenset("AaBCcEeHKMNOopPTXxYyZË"),
    "CYRILLIC": frozenset("АаВСсЕеНІіЈјКМОорРЅѕТХхуЇїЁ"),
    "GREEK": frozenset("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο"),
}
_WORD = re.compile(r"[^\W\d_]+")
_MIXED = re.compile("[A-Za-zÀ-ɏ][Ͱ-ԯ]|[Ͱ-ԯ][A-Za-zÀ-ɏ]")  # Latin beside Greek or Cyrillic
_FOREIGN_RUN = re.compile(r"[^\x00-\x7f]{2,}")
# UTF-8 read as Western European has its letters in pairs; a pair that ends in a quote, a dash or a
# space may be the end of a word in capitals
_PAIR = re.compile("[ÂÃ][¡-ª¬-º¼-¿\x80-\x9fŒœŠšŽžŸƒˆ˜†‡‰€™]|â€|�")


def text_defects(code: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield (problem, remedy) for what a careful reader would doubt in a text in one language."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain in PLACEHOLDERS:
        yield f"is {plain!r}, which stands for no text", "fill it in, or delete the line"
        return
    if ANNOTATION.search(plain) and not normalize_text(ANNOTATION.sub(" ", plain)):
        problem = f"is an annotation alone: {plain!r:.80}"
        yield problem, "delete the line if nothing is said"
        return
    if not any(char.isalpha() for char in plain):
        problem = f"is in digits alone: {plain!r:.80}"
        yield problem, "write numbers as they are said, if a system is to learn to spell them"
    for pattern, name, remedy in TRACES:
        found = pattern.search(text)
        if found and (name != "an entity" or html.unescape(found[0]) != found[0]):
            yield f"holds {name}: {found[0]!r:.80}", remedy
    if garbled := _find_garbled(text):
        problem = f"holds {garbled!r:.80}: UTF-8 that was read in another encoding"
        yield problem, "export the text again, as UTF-8"
    if mixed := _find_mixed_word(code, plain):
        problem = f"has letters of another script, which look alike: {mixed[1]} in {mixed[0]!r:.80}"
        yield problem, "type the word again on the keyboard of its language"


def pair_defect(code: str, text: str, other_code: str, other: str) -> str:
    """What makes two texts of an utterance, in two languages, doubtful as a pair; "" if nothing."""
    if (
        normalize_text(text) == normalize_text(other)
        and _plain_words(code, text) >= MIN_EQUAL_WORDS
    ):
        return f"the {code} and {other_code} texts are equal"
    lengths = [_comparable_length(code, text), _comparable_length(other_code, other)]
    if max(lengths) >= MIN_LENGTHY and max(lengths) > MAX_LENGTH_RATIO * min(lengths):
        counts = f"{len(text)} and {len(other)} characters"
        return f"the {code} and {other_code} texts have {counts}"
    return ""


def _plain_words(code: str, text: str) -> int:
    """Words that do not begin with a capital or digit; two characters of Chinese are one."""
    if language(code).unit == "char":
        return sum(char.isalpha() for char in text) // 2
    return sum(word[0].isalpha() and not word[0].isupper() for word in text.split())


def _comparable_length(code: str, text: str) -> float:
    return len(text) * (LATIN_PER_HAN if language(code).unit == "char" else 1.0)


@cache
def _bytes_of() -> dict[str, dict[str, int]]:
    """By encoding: character -> the byte that is read as it; undefined bytes are read as C1."""
    tables = {}
    for encoding in ("cp1252", "cp1251"):
        table = {chr(byte): byte for byte in range(0x80, 0xA0)}
        for byte in range(0x80, 0x100):
            table[bytes([byte]).decode(encoding, "ignore") or chr(byte)] = byte
        tables[encoding] = table
    return tables


def _find_garbled(text: str) -> str:
    """The first part that is UTF-8 read as Western European or Cyrillic; "" if there is none."""
    if text.isascii():
        return ""
    if pair := _PAIR.search(text):
        return pair[0]
    for run in _FOREIGN_RUN.findall(text):
        for table in _bytes_of().values():
            try:
                decoded = bytes(map(table.__getitem__, run)).decode("utf-8")
            except (KeyError, UnicodeDecodeError):
                continue
            if len(decoded) > 1:  # one letter alone may be chance
                return run
    return ""


@cache
def _script(letter: str) -> str:
    name = unicodedata.name(letter, "")
    return next((script for script in LOOK_ALIKES if name.startswith(script)), "")


def _find_mixed_word(code: str, text: str) -> tuple[str, str] | None:
    """The first word with letters of another script that look like its own, and those letters.

    Linguists' Greek letters in Latin words do not look alike. A Russian ending on an English word
    is no defect either: English letters are most of it, or some do not look alike.
    """
    if not _MIXED.search(text):
        return None
    majority = Counter(filter(None, map(_script, text))).most_common(1)[0][0]
    usual = {"Latn": "LATIN", "Cyrl": "CYRILLIC"}.get(language(code).script, majority)
    for word in _WORD.findall(text):
        strange = [letter for letter in word if _script(letter) not in ("", usual)]
        alike = all(letter in LOOK_ALIKES[_script(letter)] for letter in strange)
        if strange and alike and 2 * len(strange) <= len(word):
            return word, f"{_script(strange[0]).capitalize()} {', '.join(dict.fromkeys(strange))}"
    return None
