"""Examples listed on disk and read one at a time, so that a million of them take no more memory than a hundred."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from lib.corpora.jsonl_index import JsonlIndex
from lib.files import content_hash
from lib.tasks import Example, Task


class ExampleStore(Sequence[Example]):
    """A sequence of examples in a folder; what batching asks of each (its size and kind) lies in arrays beside the text.

    Args:
        folder: as `Listing.write` left it.
    """

    def __init__(self, folder: Path | str) -> None:
        self._rows, self.folder = JsonlIndex(folder), Path(folder)
        self.hash, self.sizes, self.kinds = self._rows.hash, self._rows.columns["sizes"], self._rows.columns["kinds"]

    @classmethod
    def write(cls, folder: Path | str, examples: Iterable[Example]) -> ExampleStore:
        """List examples, in the order they come, in a folder that appears when the last one is written."""
        JsonlIndex.write(folder, examples, _plain, {"sizes": ("f", input_size), "kinds": ("b", lambda e: e.task.hears)})
        return cls(folder)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Example:
        row = self._rows[index]
        return Example(**row | {"task": Task(row["task"]), "audio": row["audio"] and Path(row["audio"])})


def _plain(example: Example) -> dict:
    return asdict(example) | {"task": example.task.value, "audio": str(example.audio) if example.audio else None}


def input_size(example: Example) -> float:
    """How much room the input takes: seconds of speech, or a hundredth of its characters."""
    return example.seconds if example.task.hears else len(example.input_text) / 100


def sizes_and_kinds(examples: Sequence[Example]) -> tuple[Float[np.ndarray, "n"], Int[np.ndarray, "n"]]:
    """Of every example: its size, and 1 where it is heard, 0 where it is read."""
    if isinstance(examples, ExampleStore):
        return examples.sizes, examples.kinds
    return np.array([input_size(e) for e in examples], np.float32), np.array([e.task.hears for e in examples], np.int8)


def hash_of(examples: Sequence[Example]) -> str:
    """Of everything that training sees of the examples but the sound itself."""
    return examples.hash if isinstance(examples, ExampleStore) else content_hash([_plain(example) for example in examples])
