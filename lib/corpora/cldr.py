"""Phrases in many languages from Unicode's CLDR, such as *12 kilometres* or *in 3 days*.

Where a locale lacks an item, CLDR falls back to its root (`12 length-kilometer`). Such items are
refused, so that every text was written by speakers of the language.
"""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from babel import Locale
from babel.dates import format_skeleton, format_timedelta, get_day_names
from babel.lists import format_list
from babel.numbers import format_decimal, get_currency_name
from babel.units import format_unit

from lib.languages import language

KINDS = ("territory", "language", "unit", "currency", "relative", "date", "weekday")
# seconds, of CLDR's relative times
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800, "year": 31536000}

# The best known keys come first, so that a narrow phrasebook has common words; the rest follow.
COMMON_KEYS = {
    "territory": (
        "FR ES DE IT PT PE MX BR US GB EE FI SE NO PL RU "
        "UA TR GR EG MA KE ZA IN CN JP KR AU CA AR CL"
    ).split(),
    "language": (
        "fr es de it pt qu en et fi ru tr el ar sw hi zh ja ko nl sv pl uk ga mt ca"
    ).split(),
    "unit": (
        "length-kilometer length-meter mass-kilogram volume-liter duration-hour duration-minute "
        "duration-year mass-gram length-centimeter temperature-celsius area-hectare duration-day "
        "speed-kilometer-per-hour duration-month"
    ).split(),
    "currency": "USD EUR GBP JPY CNY INR PEN MXN BRL CHF RUB SEK KES EGP TRY".split(),
}
_PLACEHOLDER_KEYS = {"ZZ", "und", "mul", "zxx", "mis", "XXX", "XTS"}  # "unknown", "testing", ...


class NotInLocale(ValueError):
    """The locale lacks the item; CLDR would fall back to its root."""


@dataclass(frozen=True, order=True)
class Item:
    """A phrase without its language."""

    kind: str  # one of KINDS
    key: str  # CLDR's name: "FR", "length-kilometer", "EUR", "day", "03" (month)
    number: int = 0  # quantity or day of the month; negative for "ago"


@cache
def locale_of(code: str) -> Locale:
    """The CLDR locale of an ISO 639-3 code.

    Raises:
        NotInLocale: the language has no CLDR data.
    """
    row = language(code)
    if row.locale is None:
        raise NotInLocale(
            f"{row.name} ({code}) has no CLDR items, so the phrasebook cannot include it; "
            "use recordings instead"
        )
    return Locale.parse(row.locale)


def _format(item: Item, locale: Locale) -> str:
    """CLDR's text, including its fallback."""
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
        return format_timedelta(
            datetime.timedelta(seconds=number * _SECONDS[key]),
            granularity=key,
            threshold=1e9,
            add_direction=True,
            locale=locale,
        )
    if kind == "date":
        return format_skeleton("MMMMd", datetime.date(2024, int(key), number), locale=locale)
    return get_day_names(locale=locale)[int(key)]


@lru_cache(maxsize=1 << 18)
def phrase(item: Item, code: str) -> str:
    """The item in a language, NFC, with plain spaces.

    Raises:
        NotInLocale: the locale lacks it: the text is empty, has no letter, or is that of the root.
    """
    try:
        text, root = _format(item, locale_of(code)), _format(item, Locale.parse("root"))
    except (LookupError, ValueError) as error:
        raise NotInLocale(f"{code} has no {item}") from error
    text = " ".join(unicodedata.normalize("NFC", text).split())
    fallback = text == root or (item.kind != "date" and item.key in text.split())
    if fallback or not any(character.isalpha() for character in text):
        raise NotInLocale(f"{code} has no {item}: CLDR falls back to {text!r}")
    return text


def join_phrases(phrases: list[str], code: str) -> str:
    """Join phrases by the list pattern of the language ("A, B, and C")."""
    text = format_list(phrases, locale=locale_of(code))
    return " ".join(unicodedata.normalize("NFC", text).split())


def _all_keys(kind: str) -> list[str]:
    english = locale_of("eng")
    known = {
        "territory": [key for key in sorted(english.territories) if len(key) == 2],
        "language": [key for key in sorted(english.languages) if len(key) <= 3],
        "unit": sorted(english.unit_display_names),
        "currency": sorted(english.currencies),
        "relative": list(_SECONDS),
        "date": [f"{month:02d}" for month in range(1, 13)],
        "weekday": [str(day) for day in range(7)],
    }[kind]
    common = COMMON_KEYS.get(kind, [])
    return common + [key for key in known if key not in common and key not in _PLACEHOLDER_KEYS]


def _shared_keys(kind: str, codes: tuple[str, ...]) -> Iterator[str]:
    """The keys of a kind that every language has, the best known first."""
    numbers = (-2, 2) if kind == "relative" else (1, 2)
    for key in _all_keys(kind):
        try:
            for code in codes:
                for number in numbers:
                    phrase(Item(kind, key, number), code)
        except NotInLocale:
            continue
        yield key


@cache
def distinct_keys(codes: tuple[str, ...], max_keys: tuple[int, ...]) -> dict[str, tuple[str, ...]]:
    """Keys of each kind that every language has and that sound different in every language.

    In Estonian a country and its language may differ by a capital letter alone (*Hispaania* is
    Spain, *hispaania* is Spanish). Speech has no capitals, so of such keys only the first is kept,
    in the order of `KINDS`.

    Args:
        max_keys: number of keys of each kind, in the order of `KINDS`.
    """
    taken: set[tuple[str, str]] = set()
    chosen: dict[str, tuple[str, ...]] = {}
    for kind, count in zip(KINDS, max_keys, strict=True):
        keys: list[str] = []
        for key in _shared_keys(kind, codes):
            if len(keys) == count:
                break
            sounds = {(code, phrase(Item(kind, key, 2), code).casefold()) for code in codes}
            if taken.isdisjoint(sounds):
                taken |= sounds
                keys.append(key)
        chosen[kind] = tuple(keys)
    return chosen
