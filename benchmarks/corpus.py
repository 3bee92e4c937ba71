"""What every benchmark hears: Estonian speech of the phrasebook with English text, of naturally varied length."""

from __future__ import annotations

from lib.corpora.phrasebook import Phrasebook
from lib.corpora.synthesis import synthesize
from lib.systems.backbones import TINY_BREADTH
from lib.utterance import Utterance
from lib.workbook.paths import cache

SOURCE, TARGET = "est", "eng"
SPOKEN = Phrasebook((SOURCE,), (TARGET,), train=500, dev=0, test=0, breadth=TINY_BREADTH)  # 1 to 3 items an utterance


def utterances() -> list[Utterance]:
    """The clips: read from the cache, spoken on the first call."""
    return synthesize(SPOKEN, cache()).split("train", SOURCE)
