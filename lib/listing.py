"""Examples listed on disk and read one at a time, so that a million of them take no more memory than a hundred."""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from lib.files import atomic_path, content_hash, read_json, write_json
from lib.tasks import Example, Task


class Listing(Sequence[Example]):
    """A sequence of examples in a folder; what batching asks of each (its size and kind) lies in arrays beside the text.

    Args:
        folder: as `Listing.write` left it.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        facts = read_json(self.folder / "listing.json")
        self.hash: str = facts["hash"]
        self._starts, self.sizes, self.kinds = (
            np.load(self.folder / f"{name}.npy", mmap_mode="r") for name in ("starts", "sizes", "kinds")
        )
        text = self.folder / "examples.jsonl"
        if len(self._starts) != facts["examples"] + 1 or text.stat().st_size != self._starts[-1]:
            raise ValueError(
                f"{self.folder} is cut short: it should list {facts['examples']} examples; delete it and write it again"
            )
        self._file = os.open(text, os.O_RDONLY)

    @classmethod
    def write(cls, folder: Path | str, examples: Iterable[Example]) -> Listing:
        """List examples, in the order they come, in a folder that appears when the last one is written."""
        digest = hashlib.sha256()
        starts, sizes, kinds = array("q", [0]), array("f"), array("b")
        with atomic_path(folder) as new:
            new.mkdir(parents=True)
            with open(new / "examples.jsonl", "wb") as file:
                for example in examples:
                    line = json.dumps(_plain(example), ensure_ascii=False).encode() + b"\n"
                    file.write(line)
                    digest.update(line)
                    starts.append(starts[-1] + len(line))
                    sizes.append(input_size(example))
                    kinds.append(example.task.hears)
            np.save(new / "starts.npy", np.array(starts, dtype=np.int64))
            np.save(new / "sizes.npy", np.array(sizes, dtype=np.float32))
            np.save(new / "kinds.npy", np.array(kinds, dtype=np.int8))
            write_json(new / "listing.json", {"examples": len(sizes), "hash": digest.hexdigest()[:12]})
        return cls(folder)

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, place: int) -> Example:
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        start, end = (int(self._starts[place % len(self) + step]) for step in (0, 1))
        row = json.loads(os.pread(self._file, end - start, start))  # not mapped: pages that were read are not kept
        return Example(**row | {"task": Task(row["task"]), "audio": row["audio"] and Path(row["audio"])})

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)

    def __getstate__(self) -> dict:
        return {"folder": self.folder}

    def __setstate__(self, state: dict) -> None:
        self.__init__(state["folder"])


def _plain(example: Example) -> dict:
    return asdict(example) | {"task": example.task.value, "audio": str(example.audio) if example.audio else None}


def input_size(example: Example) -> float:
    """How much room the input takes: seconds of speech, or a hundredth of its characters."""
    return example.seconds if example.task.hears else len(example.input_text) / 100


def sizes_and_kinds(examples: Sequence[Example]) -> tuple[Float[np.ndarray, "n"], Int[np.ndarray, "n"]]:
    """Of every example: its size, and 1 where it is heard, 0 where it is read."""
    if isinstance(examples, Listing):
        return examples.sizes, examples.kinds
    return np.array([input_size(e) for e in examples], np.float32), np.array([e.task.hears for e in examples], np.int8)


def hash_of(examples: Sequence[Example]) -> str:
    """Of everything that training sees of the examples but the sound itself."""
    return examples.hash if isinstance(examples, Listing) else content_hash([_plain(example) for example in examples])
