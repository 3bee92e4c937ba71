"""Examples on disk, read one at a time: a million take no more memory than a hundred."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from lib.corpora.jsonl_index import JsonlIndex
from lib.files import content_hash
from lib.tasks import TASKS, Example


def default_cost(example: Example) -> float:
    """Seconds of speech, or hundreds of characters of text."""
    if example.task.speech_input:
        return example.seconds
    return len(example.source_text) / 100


class ExampleStore(Sequence[Example]):
    """A sequence of examples in a folder; their costs and kinds lie in arrays beside the text.

    Args:
        folder: written by `ExampleStore.write`.
    """

    def __init__(self, folder: Path | str) -> None:
        self._rows, self.folder = JsonlIndex(folder), Path(folder)
        self.hash = self._rows.hash
        self.costs, self.kinds = self._rows.columns["costs"], self._rows.columns["kinds"]

    @classmethod
    def write(
        cls,
        folder: Path | str,
        examples: Iterable[Example],
        cost: Callable[[Example], float] = default_cost,
    ) -> ExampleStore:
        """Write examples, in their order, to a folder that appears when the last one is written."""
        columns = {"costs": ("f", cost), "kinds": ("b", lambda e: e.task.speech_input)}
        JsonlIndex.write(folder, examples, _to_json, columns)
        return cls(folder)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Example:
        row = self._rows[index]
        audio = row["audio"] and Path(row["audio"])
        changes = {"task": TASKS[row["task"]], "audio": audio, "answers": tuple(row["answers"])}
        return Example(**row | changes)


def _to_json(example: Example) -> dict:
    audio = str(example.audio) if example.audio else None
    return asdict(example) | {"task": example.task.name, "audio": audio}


def costs_and_kinds(
    examples: Sequence[Example], cost: Callable[[Example], float] = default_cost
) -> tuple[Float[np.ndarray, "n"], Int[np.ndarray, "n"]]:
    """The cost of every example, and its kind: 1 for speech input, 0 for text."""
    if isinstance(examples, ExampleStore):
        return examples.costs, examples.kinds
    costs = np.array([cost(e) for e in examples], np.float32)
    return costs, np.array([e.task.speech_input for e in examples], np.int8)


def hash_of(examples: Sequence[Example]) -> str:
    """A hash of everything that training uses of the examples but the audio itself."""
    if isinstance(examples, ExampleStore):
        return examples.hash
    rows = [_to_json(example) for example in examples]
    # by file name, so that a corpus or a cache may move
    names = [example.audio and example.audio.name for example in examples]
    return content_hash([row | {"audio": name} for row, name in zip(rows, names, strict=True)])
