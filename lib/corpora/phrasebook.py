"""The spoken phrasebook: CLDR phrases in many languages, said by espeak-ng; the same corpus on every machine.

A *content* is a few items without a language. Its hash decides its split, so no content is shared between splits,
whatever the seed, the size or the language. A content of a single item is always training material: the dictionary.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from lib.corpora import cldr, corruption
from lib.corpora.cldr import Item
from lib.files import content_hash
from lib.languages import language

VERSION = 1  # raise it when the same spec would give another corpus
_RATES = {"wrong_words": "translated words wrong", "misspoken": "words misspoken"}  # both of the training split alone


@dataclass(frozen=True)
class Breadth:
    """How much of CLDR an utterance may draw on: the dial that fits the phrasebook to a model."""

    territories: int = 16
    languages: int = 8
    units: int = 8
    currencies: int = 4
    largest: int = 12  # the largest number, and the last day of a month
    items: tuple[int, int] = (1, 3)  # fewest and most items in an utterance


ALL_OF_CLDR = Breadth(territories=300, languages=700, units=200, currencies=320, largest=99, items=(1, 5))


@dataclass(frozen=True)
class Phrasebook:
    """The spec of a corpus; equal specs give equal corpora.

    Every content is said in each spoken language, by a speaker of its own, and written in every language. The last two
    fields make the training split's text or speech wrong at a known rate (`lib.corpora.corruption`); dev and test stay right.
    """

    spoken: tuple[str, ...]
    written: tuple[str, ...]  # texts; the spoken ones are always among them
    train: int  # contents
    dev: int
    test: int
    breadth: Breadth = Breadth()
    seed: int = 1
    noise_db: float | None = None  # signal-to-noise ratio; None is a quiet room
    reverberation: float = 0.0  # seconds until the echo is 60 dB down
    wrong_words: float = 0.0  # chance that a word of a training translation is wrong; the transcript is right
    misspoken: float = 0.0  # chance that a word of the training speech is said as another one; the transcript does not follow

    def __post_init__(self) -> None:
        for name in _RATES:
            corruption.check_rate(name, getattr(self, name))
        for code in self.codes:
            cldr.locale_of(code)
        for code in self.spoken:
            if language(code).voice is None:
                raise ValueError(f"{language(code).name} ({code}) has no espeak-ng voice; bring recordings of it instead")

    @property
    def codes(self) -> tuple[str, ...]:
        """All languages, spoken first."""
        return tuple(dict.fromkeys(self.spoken + self.written))

    @property
    def hash(self) -> str:
        """Of everything that decides the corpus, the versions of CLDR's and the voices' packages among it."""
        versions = {name: importlib.metadata.version(name) for name in ("babel", "espeakng-loader")}
        return content_hash([VERSION, self.facts, versions])

    @property
    def facts(self) -> dict[str, Any]:
        """The fields, for a hash: a rate of 0 is left out, so that a right corpus keeps the hash it had before there were rates."""
        rates = {name: float(getattr(self, name)) for name in _RATES if getattr(self, name)}
        fields = {name: value for name, value in asdict(self).items() if name not in _RATES}
        return fields | rates | ({"corruption": corruption.VERSION} if rates else {})

    @property
    def name(self) -> str:
        """What records and figures call the corpus: the languages spoken, and what was made wrong in it."""
        wrong = [f", {100 * getattr(self, name):g} % of {what}" for name, what in _RATES.items() if getattr(self, name)]
        return f"phrasebook {'+'.join(self.spoken)}{''.join(wrong)}"

    def contents(self, split: str, count: int) -> list[tuple[Item, ...]]:
        """`count` different contents of a split.

        Raises:
            ValueError: where the breadth does not hold so many.
        """
        found: dict[tuple[Item, ...], None] = {}
        draws = self._draws(split)
        for _ in range(200 * count + 2000):
            if len(found) == count:
                break
            content = next(draws)
            if split_of(content) == split:
                found[content] = None
        else:
            raise ValueError(f"the phrasebook's breadth holds only {len(found)} {split} contents of {count} wanted; widen it")
        return list(found)

    def _draws(self, split: str) -> Iterator[tuple[Item, ...]]:
        # a str seeds Random by its bytes: the same on every machine
        rng = random.Random(f"{self.seed}/{split}")
        b = self.breadth
        most = {"territory": b.territories, "language": b.languages, "unit": b.units, "currency": b.currencies}
        keys = {kind: cldr.keys(kind, self.codes, most.get(kind, 99)) for kind in cldr.KINDS}
        kinds = [kind for kind in cldr.KINDS if keys[kind]]
        if not kinds:
            raise cldr.NotInLocale(f"no CLDR item is in all of {' '.join(self.codes)}; ask for fewer languages")
        while True:
            chosen = rng.sample(kinds, min(rng.randint(*b.items), len(kinds)))
            yield tuple(_item(kind, rng.choice(keys[kind]), b.largest, rng) for kind in chosen)

    def texts(self, content: tuple[Item, ...]) -> dict[str, str]:
        """The content written in every language."""
        return {code: cldr.join([cldr.say(item, code) for item in content], code) for code in self.codes}

    def sentences(self, count: int) -> list[dict[str, str]]:
        """Training texts without speech, for a text model: `count` contents in every language, right whatever the rates."""
        return [self.texts(content) for content in self.contents("train", count)]


def _item(kind: str, key: str, largest: int, rng: random.Random) -> Item:
    if kind in ("unit", "currency"):
        return Item(kind, key, rng.randint(1, largest))
    if kind == "relative":
        return Item(kind, key, rng.choice((-1, 1)) * rng.randint(2, largest))
    if kind == "date":
        return Item(kind, key, rng.randint(1, min(largest, 28)))
    return Item(kind, key)


def split_of(content: tuple[Item, ...]) -> str:
    """The split of a content, by its hash: the order of its items does not matter."""
    if len(content) == 1:
        return "train"
    digest = hashlib.sha256(repr(sorted(content)).encode()).digest()
    share = int.from_bytes(digest[:4], "big") / 2**32
    return "test" if share < 0.1 else "dev" if share < 0.2 else "train"
