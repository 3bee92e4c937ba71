"""Utterances on disk: the result of curation, for corpora of any size."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from lib.corpora.jsonl_index import JsonlIndex
from lib.utterance import Utterance

UNHASHED = ("gender",)  # no system is trained on it, so a corpus keeps its hash where it is new


class UtteranceStore(Sequence[Utterance]):
    """The utterances of a folder, read one at a time.

    Args:
        folder: as `UtteranceStore.write` left it.
        root: folder of the audio; stored paths are relative to it, so that moving the corpus does
            not change its hash.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self.rows, self.root = JsonlIndex(folder), root
        self.hash = self.rows.hash

    @classmethod
    def write(
        cls, folder: Path, root: Path, utterances: Iterable[Utterance], columns: dict | None = None
    ) -> UtteranceStore:
        """Write utterances in order; `columns` as in `JsonlIndex.write`."""
        JsonlIndex.write(folder, utterances, partial(_to_json, root), columns or {}, UNHASHED)
        return cls(folder, root)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Utterance:
        row = self.rows[index]
        changes = {
            "audio": self.root / row["audio"],
            "seconds": math.nan if row["seconds"] is None else row["seconds"],
            "answers": tuple(row["answers"]),
        }
        return Utterance(**row | changes)


def _to_json(root: Path, utterance: Utterance) -> dict:
    return vars(utterance) | {
        "audio": str(utterance.audio).removeprefix(f"{root}/"),
        "seconds": None if math.isnan(utterance.seconds) else utterance.seconds,
        "answers": list(utterance.answers),
    }
