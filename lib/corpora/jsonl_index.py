"""Random access to JSON lines on disk through an index, with the same memory for any length."""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from lib.files import as_written, atomic_path, read_json, write_json

T = TypeVar("T")


class JsonlIndex(Sequence[dict]):
    """The rows of a folder; values that are needed of every row are kept as arrays (columns).

    Args:
        folder: as `JsonlIndex.write` left it.

    Raises:
        Damaged: the folder is incomplete.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        text = self.folder / "rows.jsonl"
        with as_written(self.folder):
            facts = read_json(self.folder / "rows.json")
            self.hash: str = facts["hash"]
            self._starts = np.load(self.folder / "starts.npy", mmap_mode="r")
            self.columns = {
                name: np.load(self.folder / f"{name}.npy", mmap_mode="r")
                for name in facts["columns"]
            }
            whole = len(self._starts) == facts["rows"] + 1
            if not whole or text.stat().st_size != self._starts[-1]:
                raise ValueError(f"truncated: it should hold {facts['rows']} rows")
        self._file = os.open(text, os.O_RDONLY)

    @classmethod
    def write(
        cls,
        folder: Path | str,
        items: Iterable[T],
        to_json: Callable[[T], dict],
        columns: Mapping[str, tuple[str, Callable[[T], float]]],
        unhashed: Sequence[str] = (),
    ) -> None:
        """Write items in order to a folder, which appears once it is complete.

        Args:
            to_json: an item as values that JSON can hold.
            columns: name -> (array type code, value of an item).
            unhashed: keys that do not count for the hash.
        """
        digest = hashlib.sha256()
        starts, values = array("q", [0]), {name: array(kind) for name, (kind, _) in columns.items()}
        with atomic_path(folder) as new:
            new.mkdir(parents=True)
            with open(new / "rows.jsonl", "wb") as file:
                for item in items:
                    row = to_json(item)
                    line = _line(row)
                    file.write(line)
                    hashed = {key: row[key] for key in row if key not in unhashed}
                    digest.update(line if len(hashed) == len(row) else _line(hashed))
                    starts.append(starts[-1] + len(line))
                    for name, (_, value) in columns.items():
                        values[name].append(value(item))
            np.save(new / "starts.npy", np.array(starts))
            for name, column in values.items():
                np.save(new / f"{name}.npy", np.array(column))
            facts = {
                "rows": len(starts) - 1,
                "hash": digest.hexdigest()[:12],
                "columns": list(columns),
            }
            write_json(new / "rows.json", facts)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, index: int) -> dict:
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        start, end = (int(self._starts[index % len(self) + step]) for step in (0, 1))
        with as_written(self.folder):
            # pread, not mmap: pages that were read do not stay in memory
            return json.loads(os.pread(self._file, end - start, start))

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)

    def __getstate__(self) -> dict:
        return {"folder": self.folder}

    def __setstate__(self, state: dict) -> None:
        self.__init__(state["folder"])


def _line(row: dict) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"
