"""Where real corpora come from: a module each, which reads the layout as it is published and never downloads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from lib.corpora.sources import mboshi_french
from lib.utterance import Finding, Utterance

# what `read(folder, spoken, written)` gives, in the order of the corpus's own files: utterances, and what was wrong on the way
Reader = Callable[[Path, str | None, str | None], Iterator[Utterance | Finding]]

# the name of a source is the name of its data card
SOURCES: dict[str, Reader] = {
    "mboshi_french": mboshi_french.read,
}
