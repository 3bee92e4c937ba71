"""Phrases in many languages from Unicode's CLDR: an item such as *12 kilometres* or *in 3 days*, said by each locale.

CLDR's root fallback (`12 length-kilometer`) is no phrase of any language; an item that a locale does not really
have is refused, so that every text here is something its speakers wrote down.
"""

from __future__ import annotations

import datetime
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from babel import Locale
from babel.dates import format_skeleton, format_timedelta, get_day_names
from babel.lists import format_list
from babel.numbers import format_decimal, get_currency_name
from babel.units import format_unit

from lib.languages import language

KINDS = ("territory", "language", "unit", "currency", "relative", "date", "weekday")
_SPAN = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800, "year": 31536000}  # seconds; CLDR's relative times

# The best known first, so that a narrow phrasebook is made of words that a reader knows; the rest of CLDR follows.
FIRST = {
    "territory": "FR ES DE IT PT PE MX BR US GB EE FI SE NO PL RU UA TR GR EG MA KE ZA IN CN JP KR AU CA AR CL".split(),
    "language": "fr es de it pt qu en et fi ru tr el ar sw hi zh ja ko nl sv pl uk ga mt ca".split(),
    "unit": (
        "length-kilometer length-meter mass-kilogram volume-liter duration-hour duration-minute duration-year "
        "mass-gram length-centimeter temperature-celsius area-hectare duration-day speed-kilometer-per-hour duration-month"
    ).split(),
    "currency": "USD EUR GBP JPY CNY INR PEN MXN BRL CHF RUB SEK KES EGP TRY".split(),
}


class NotInLocale(ValueError):
    """The locale does not have the item; CLDR would fall back to its root."""


@dataclass(frozen=True, order=True)
class Item:
    """A phrase without its language: what is said, not how."""

    kind: str  # one of KINDS
    key: str  # CLDR's own name of it: "FR", "length-kilometer", "EUR", "day", "03" (month)
    number: int = 0  # how many, or the day of the month; negative for "ago"


@cache
def locale_of(code: str) -> Locale:
    """The CLDR locale of an ISO 639-3 code.

    Raises:
        NotInLocale: for a language without CLDR data, saying which ones have it.
    """
    row = language(code)
    if row.locale is None:
        raise NotInLocale(f"{row.name} ({code}) has no CLDR items, so the phrasebook cannot speak it; bring recordings instead")
    return Locale.parse(row.locale)


def _say(item: Item, locale: Locale) -> str:
    """CLDR's text, fallback and all."""
    kind, key, number = item.kind, item.key, item.number
    if kind == "territory":
        return locale.territories.get(key, "")
    if kind == "language":
        return locale.languages.get(key, "")
    if kind == "unit":
        return format_unit(number, key, length="long", locale=locale)
    if kind == "currency":
        name = get_currency_name(key, count=number, locale=locale)
        return "" if name == key else f"{format_decimal(number, locale=locale)} {name}"
    if kind == "relative":
        delta = datetime.timedelta(seconds=number * _SPAN[key])
        return format_timedelta(delta, granularity=key, threshold=1e9, add_direction=True, locale=locale)
    if kind == "date":
        return format_skeleton("MMMMd", datetime.date(2024, int(key), number), locale=locale)
    return get_day_names(locale=locale)[int(key)]


@lru_cache(maxsize=1 << 18)
def say(item: Item, code: str) -> str:
    """The item in a language, NFC, with plain spaces.

    Raises:
        NotInLocale: where the locale lacks it (the text is empty, has no letter, or is what CLDR's root says).
    """
    try:
        text, root = _say(item, locale_of(code)), _say(item, Locale.parse("root"))
    except (LookupError, ValueError) as error:
        raise NotInLocale(f"{code} has no {item}") from error
    text = " ".join(unicodedata.normalize("NFC", text).split())
    fallback = text == root or (item.kind != "date" and item.key in text.split())
    if fallback or not any(character.isalpha() for character in text):
        raise NotInLocale(f"{code} has no {item}: CLDR falls back to {text!r}")
    return text


def join(phrases: list[str], code: str) -> str:
    """Phrases as one list, by the language's own pattern ("A, B, and C")."""
    return " ".join(unicodedata.normalize("NFC", format_list(phrases, locale=locale_of(code))).split())


_NOTHING = {"ZZ", "und", "mul", "zxx", "mis", "XXX", "XTS"}  # CLDR's own "unknown", "several" and "for testing"


def _keys(kind: str) -> list[str]:
    english = locale_of("eng")
    known = {
        "territory": [key for key in sorted(english.territories) if len(key) == 2],
        "language": [key for key in sorted(english.languages) if len(key) <= 3],
        "unit": sorted(english.unit_display_names),
        "currency": sorted(english.currencies),
        "relative": list(_SPAN),
        "date": [f"{month:02d}" for month in range(1, 13)],
        "weekday": [str(day) for day in range(7)],
    }[kind]
    first = FIRST.get(kind, [])
    return first + [key for key in known if key not in first and key not in _NOTHING]


@cache
def keys(kind: str, codes: tuple[str, ...], most: int) -> tuple[str, ...]:
    """Up to `most` keys of a kind that every one of the languages has, best known first."""
    chosen = []
    for key in _keys(kind):
        if len(chosen) == most:
            break
        try:
            for code in codes:
                for number in (1, 2) if kind != "relative" else (-2, 2):
                    say(Item(kind, key, number), code)
            chosen.append(key)
        except NotInLocale:
            continue
    return tuple(chosen)
