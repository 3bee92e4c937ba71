"""What training writes down as it goes: training.csv, TensorBoard, and what the model said to the same few examples."""

from __future__ import annotations

import csv
import json
import resource
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import torch

from lib.files import atomic_path

COLUMNS = (
    "update", "epoch", "loss", "learning_rate", "gradient_norm", "audio_seconds_per_second", "tokens_per_second",
    "padding_share", "peak_memory_mb", "seconds", "seconds_left", "score",
)  # fmt: skip
CHARTS = {  # the column under the name of its TensorBoard chart
    "loss": "train/loss", "learning_rate": "train/learning_rate", "gradient_norm": "train/gradient_norm", "score": "dev/score",
    "audio_seconds_per_second": "speed/audio_seconds_per_second", "tokens_per_second": "speed/tokens_per_second",
    "padding_share": "speed/padding_share", "peak_memory_mb": "speed/peak_memory_mb",
}  # fmt: skip


@dataclass(frozen=True)
class Heard:
    """What the model said to one listening example at one evaluation."""

    update: int
    id: str
    audio: str
    reference: str
    hypothesis: str


class Log:
    """The log of one stage in `folder`; rows after `last` are of a run that was cut off, and are taken out."""

    def __init__(self, folder: Path, last: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._table, self._said = folder / "training.csv", folder / "listening.jsonl"
        rows = [row for row in read_rows(self._table) if row["update"] <= last]
        with atomic_path(self._table) as new, open(new, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        heard = [entry for entry in read_listening(folder) if entry.update <= last]
        with atomic_path(self._said) as new:
            new.write_text("".join(_line(entry) for entry in heard), encoding="utf-8")
        self._file = open(self._table, "a", newline="", encoding="utf-8")
        self._writer = csv.DictWriter(self._file, COLUMNS)
        self._board = SummaryWriter(folder / "tensorboard", purge_step=last + 1 if last else None)

    def row(self, row: dict) -> None:
        """Write one update down."""
        self._writer.writerow(row)
        for column, chart in CHARTS.items():
            if row[column] is not None:
                self._board.add_scalar(chart, row[column], row["update"])

    def heard(self, entries: Sequence[Heard]) -> None:
        """Write down what the model said to the listening examples."""
        with open(self._said, "a", encoding="utf-8") as file:
            file.writelines(_line(entry) for entry in entries)
        for entry in entries:
            self._board.add_text(f"said/{entry.id}", f"{entry.hypothesis}  \n(meant: {entry.reference})", entry.update)

    def flush(self) -> None:
        """Bring everything to the disk."""
        self._file.flush()
        self._board.flush()

    def __enter__(self) -> Log:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        self._board.close()


def _line(entry: Heard) -> str:
    return json.dumps(asdict(entry), ensure_ascii=False) + "\n"


def read_rows(path: Path) -> list[dict]:
    """The rows of a training.csv; a last row that was cut off in the middle is left out."""
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        whole = [line for line in file if line.endswith("\n")]
    return [
        {
            name: (None if value == "" else int(value) if name in ("update", "epoch") else float(value))
            for name, value in row.items()
        }
        for row in csv.DictReader(whole)
        if None not in row.values()
    ]


def read_listening(folder: Path) -> list[Heard]:
    """What the model said to the listening examples, evaluation by evaluation."""
    path = folder / "listening.jsonl"
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [Heard(**json.loads(line)) for line in lines if line.endswith("\n")]


def peak_memory_mb() -> float:
    """The most memory held so far: the GPU's where there is one, else this process's."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
