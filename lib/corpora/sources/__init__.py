"""Where real corpora come from: a module each, which reads the layout as it is published and never downloads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from lib.corpora.sources import (
    common_voice,
    covost2,
    europarl_st,
    fleurs,
    librispeech,
    mboshi_french,
    mls,
    must_c,
    peoples_speech,
    spoken_squad,
    voxpopuli,
)
from lib.utterance import Finding, Utterance

# what `read(folder, spoken, written)` gives, in the order of the corpus's own files: utterances, and what was wrong on the way
Reader = Callable[[Path, str | None, str | None], Iterator[Utterance | Finding]]

# the name of a source is the name of its data card
SOURCES: dict[str, Reader] = {
    "librispeech": librispeech.read,
    "mls": mls.read,
    "common_voice": common_voice.read,
    "fleurs": fleurs.read,
    "voxpopuli": voxpopuli.read,
    "peoples_speech": peoples_speech.read,
    "covost2": covost2.read,
    "europarl_st": europarl_st.read,
    "must_c": must_c.read,
    "spoken_squad": spoken_squad.read,
    "mboshi_french": mboshi_french.read,
}
