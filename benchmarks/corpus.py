"""The speech of every benchmark: Estonian phrasebook with English text, of varied length."""

from __future__ import annotations

from lib.corpora.phrasebook import TINY_BREADTH, Phrasebook
from lib.corpora.synthesis import synthesize
from lib.utterance import Utterance
from lib.workbook.paths import cache

SOURCE, TARGET = "est", "eng"
SPOKEN = Phrasebook(
    spoken=(SOURCE,),
    written=(TARGET,),
    train=500,
    dev=0,
    test=0,
    breadth=TINY_BREADTH,  # 1 to 3 items an utterance
)


def utterances() -> list[Utterance]:
    """The clips; the first call synthesizes them, later calls read the cache."""
    return synthesize(SPOKEN, cache()).split("train", SOURCE)
