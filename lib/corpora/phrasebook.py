"""The spoken phrasebook: CLDR phrases in many languages, the same corpus on every machine.

A *content* is a few items without a language. Its hash decides its split, so splits share no
content, whatever the seed, the size or the language. A content of one item is always in train.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from lib.corpora import cldr, corruption
from lib.corpora.cldr import Item
from lib.files import content_hash
from lib.languages import language

VERSION = 2  # increment when an equal spec gives another corpus
HELD_OUT_SHARE = 0.1  # of the contents with several items, for dev and for test each
MAX_DAY = 28  # of a month, so that each date exists in each month


@dataclass(frozen=True, kw_only=True)
class Breadth:
    """How much of CLDR the phrasebook uses; fits its difficulty to a model."""

    territories: int = 16
    languages: int = 8
    units: int = 8
    currencies: int = 4
    max_number: int = 12  # also the last day of a month
    items: tuple[int, int] = (1, 3)  # minimum and maximum in an utterance


ALL_OF_CLDR = Breadth(
    territories=300,
    languages=700,
    units=200,
    currencies=320,
    max_number=99,
    items=(1, 5),
)

# fits a model of a few million parameters: 194 items
TINY_BREADTH = Breadth(
    territories=16, languages=8, units=8, currencies=4, max_number=12, items=(1, 3)
)


@dataclass(frozen=True, kw_only=True)
class Phrasebook:
    """The specification of a corpus; equal specifications give equal corpora.

    Each content is spoken once in each spoken language and written in every language. The error
    rates corrupt the training split (`lib.corpora.corruption`); dev and test stay correct.
    """

    spoken: tuple[str, ...]  # ISO 639-3
    written: tuple[str, ...]  # languages of the texts, besides the spoken ones
    train: int  # number of contents
    dev: int
    test: int
    breadth: Breadth = Breadth()
    seed: int = 1
    text_error_rate: float = 0.0  # share of wrong words in translations; transcripts stay correct
    speech_error_rate: float = 0.0  # share of words spoken as others; transcripts stay correct

    def __post_init__(self) -> None:
        corruption.check_error_rate("text_error_rate", self.text_error_rate)
        corruption.check_error_rate("speech_error_rate", self.speech_error_rate)
        for code in self.codes:
            cldr.locale_of(code)
        for code in self.spoken:
            if language(code).voice is None:
                raise ValueError(
                    f"{language(code).name} ({code}) has no espeak-ng voice; use recordings instead"
                )

    @property
    def codes(self) -> tuple[str, ...]:
        """All languages, spoken ones first."""
        return tuple(dict.fromkeys(self.spoken + self.written))

    @property
    def hash(self) -> str:
        """Hash of everything that decides the corpus, including the versions of CLDR and voices."""
        versions = {name: importlib.metadata.version(name) for name in ("babel", "espeakng-loader")}
        return content_hash([VERSION, corruption.VERSION, asdict(self), versions])

    @property
    def name(self) -> str:
        """Name in records and figures: the spoken languages and the error rates."""
        name = f"phrasebook {'+'.join(self.spoken)}"
        if self.text_error_rate:
            name += f", {100 * self.text_error_rate:g} % of translated words wrong"
        if self.speech_error_rate:
            name += f", {100 * self.speech_error_rate:g} % of words misspoken"
        return name

    def contents(self, split: str, count: int) -> list[tuple[Item, ...]]:
        """`count` distinct contents of a split.

        Raises:
            ValueError: the breadth does not allow so many.
        """
        found: dict[tuple[Item, ...], None] = {}
        draws = self._draw_contents(split)
        for _ in range(200 * count + 2000):
            if len(found) == count:
                return list(found)
            content = next(draws)
            if split_of(content) == split:
                found[content] = None
        raise ValueError(
            f"the phrasebook's breadth holds only {len(found)} of {count} {split} contents; "
            "increase the breadth"
        )

    def _draw_contents(self, split: str) -> Iterator[tuple[Item, ...]]:
        rng = random.Random(f"{self.seed}/{split}")  # a string seeds alike on every machine
        breadth = self.breadth
        max_keys = {
            "territory": breadth.territories,
            "language": breadth.languages,
            "unit": breadth.units,
            "currency": breadth.currencies,
        }
        keys = cldr.distinct_keys(self.codes, tuple(max_keys.get(k, 99) for k in cldr.KINDS))
        kinds = [kind for kind in cldr.KINDS if keys[kind]]
        if not kinds:
            codes = " ".join(self.codes)
            raise cldr.NotInLocale(f"no CLDR item is in all of {codes}; use fewer languages")
        while True:
            chosen = rng.sample(kinds, min(rng.randint(*breadth.items), len(kinds)))
            yield tuple(
                _draw_item(kind, rng.choice(keys[kind]), breadth.max_number, rng) for kind in chosen
            )

    def texts(self, content: tuple[Item, ...]) -> dict[str, str]:
        """The content in every language, by code."""
        return {
            code: cldr.join_phrases([cldr.phrase(item, code) for item in content], code)
            for code in self.codes
        }

    def sentences(self, count: int) -> list[dict[str, str]]:
        """Training texts without speech: `count` contents in every language, without errors."""
        return [self.texts(content) for content in self.contents("train", count)]


def _draw_item(kind: str, key: str, max_number: int, rng: random.Random) -> Item:
    if kind in ("unit", "currency"):
        return Item(kind, key, rng.randint(1, max_number))
    if kind == "relative":
        return Item(kind, key, rng.choice((-1, 1)) * rng.randint(2, max_number))
    if kind == "date":
        return Item(kind, key, rng.randint(1, min(max_number, MAX_DAY)))
    return Item(kind, key)


def split_of(content: tuple[Item, ...]) -> str:
    """The split of a content, by a hash that does not depend on the order of its items."""
    if len(content) == 1:
        return "train"
    digest = hashlib.sha256(repr(sorted(content)).encode()).digest()
    share = int.from_bytes(digest[:4], "big") / 2**32
    if share < HELD_OUT_SHARE:
        return "test"
    return "dev" if share < 2 * HELD_OUT_SHARE else "train"
