"""Utterances on disk, read one at a time: what curation keeps of a corpus of any size."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from lib.corpora.jsonl_index import JsonlIndex
from lib.utterance import Utterance


class UtteranceStore(Sequence[Utterance]):
    """The utterances of a folder.

    Args:
        folder: as `Shelf.write` left it.
        root: that the audio lies under; paths are kept relative to it, so that a corpus that moves keeps its hash.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self.rows, self.root = JsonlIndex(folder), root
        self.hash = self.rows.hash

    @classmethod
    def write(cls, folder: Path, root: Path, utterances: Iterable[Utterance], columns: dict | None = None) -> UtteranceStore:
        """Put utterances on a shelf, in the order they come."""

        def plain(utterance: Utterance) -> dict:
            audio = str(utterance.audio)
            inside = audio.removeprefix(f"{root}/")
            seconds = None if math.isnan(utterance.seconds) else utterance.seconds
            return vars(utterance) | {"audio": inside, "seconds": seconds, "answers": list(utterance.answers)}

        JsonlIndex.write(folder, utterances, plain, columns or {})
        return cls(folder, root)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Utterance:
        row = self.rows[index]
        seconds = math.nan if row["seconds"] is None else row["seconds"]
        changes = {"audio": self.root / row["audio"], "seconds": seconds, "answers": tuple(row["answers"])}
        return Utterance(**row | changes)
