"""Rows on disk, read one at a time: JSON lines with an index beside them, so that a million take no more memory than a hundred."""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from lib.files import atomic_path, read_json, write_json

T = TypeVar("T")


class JsonlIndex(Sequence[dict]):
    """Rows in a folder; what is asked of each of them often (its columns) lies in arrays beside the text.

    Args:
        folder: as `Rows.write` left it.

    Raises:
        ValueError: the folder is not whole.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        facts = read_json(self.folder / "rows.json")
        self.hash: str = facts["hash"]
        self._starts = np.load(self.folder / "starts.npy", mmap_mode="r")
        self.columns = {name: np.load(self.folder / f"{name}.npy", mmap_mode="r") for name in facts["columns"]}
        text = self.folder / "rows.jsonl"
        if len(self._starts) != facts["rows"] + 1 or text.stat().st_size != self._starts[-1]:
            raise ValueError(f"{self.folder} is cut short: it should hold {facts['rows']} rows; delete it and write it again")
        self._file = os.open(text, os.O_RDONLY)

    @classmethod
    def write(
        cls,
        folder: Path | str,
        items: Iterable[T],
        plain: Callable[[T], dict],
        columns: Mapping[str, tuple[str, Callable[[T], float]]],
    ) -> None:
        """Write items, in the order they come, to a folder that appears when the last one is written.

        Args:
            plain: an item as what JSON can hold.
            columns: name -> (array type code, value of an item).
        """
        digest = hashlib.sha256()
        starts, values = array("q", [0]), {name: array(kind) for name, (kind, _) in columns.items()}
        with atomic_path(folder) as new:
            new.mkdir(parents=True)
            with open(new / "rows.jsonl", "wb") as file:
                for item in items:
                    line = json.dumps(plain(item), ensure_ascii=False).encode() + b"\n"
                    file.write(line)
                    digest.update(line)
                    starts.append(starts[-1] + len(line))
                    for name, (_, value) in columns.items():
                        values[name].append(value(item))
            np.save(new / "starts.npy", np.array(starts))
            for name, column in values.items():
                np.save(new / f"{name}.npy", np.array(column))
            facts = {"rows": len(starts) - 1, "hash": digest.hexdigest()[:12], "columns": list(columns)}
            write_json(new / "rows.json", facts)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, index: int) -> dict:
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        start, end = (int(self._starts[index % len(self) + step]) for step in (0, 1))
        return json.loads(os.pread(self._file, end - start, start))  # not mapped: pages that were read are not kept

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)

    def __getstate__(self) -> dict:
        return {"folder": self.folder}

    def __setstate__(self, state: dict) -> None:
        self.__init__(state["folder"])
