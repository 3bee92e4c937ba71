"""The log of a training: training.csv, signals, TensorBoard, outputs for development examples."""

from __future__ import annotations

import csv
import json
import resource
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import torch

from lib.files import atomic_path, write_text

COLUMNS = (
    "update",
    "epoch",
    "loss",
    "learning_rate",
    "gradient_norm",
    "audio_seconds_per_second",
    "tokens_per_second",
    "padding_share",
    "peak_memory_mb",
    "seconds",
    "seconds_left",
    "score",
)
LISTENING_EXAMPLES = 4  # of the development set, whose outputs are shown over time
CHARTS = {  # column -> TensorBoard chart
    "loss": "train/loss",
    "learning_rate": "train/learning_rate",
    "gradient_norm": "train/gradient_norm",
    "score": "dev/score",
    "audio_seconds_per_second": "speed/audio_seconds_per_second",
    "tokens_per_second": "speed/tokens_per_second",
    "padding_share": "speed/padding_share",
    "peak_memory_mb": "speed/peak_memory_mb",
}


@dataclass(frozen=True, kw_only=True)
class DevelopmentOutput:
    """All that the model wrote for one development example at one evaluation."""

    update: int
    id: str
    audio: str
    reference: str
    hypothesis: str
    # not in logs that were written before these fields were kept
    task: str = ""
    source: str = ""  # ISO 639-3
    target: str = ""  # ISO 639-3
    transcript: str = ""
    question: str = ""
    prompt: str = ""


class Log:
    """The log of one stage.

    Args:
        folder: gets `training.csv`, `listening.jsonl`, `signals.jsonl` and `tensorboard/`.
        last_update: of the checkpoint that training resumes from; later rows are removed.
    """

    def __init__(self, folder: Path, last_update: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        table, self._outputs = folder / "training.csv", folder / "listening.jsonl"
        rows = [row for row in read_training_log(table) if row["update"] <= last_update]
        with (
            atomic_path(table) as temporary,
            open(temporary, "w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        outputs = [output for output in read_listening(folder) if output.update <= last_update]
        write_text(self._outputs, "".join(_to_line(output) for output in outputs))
        self._signals = folder / "signals.jsonl"
        signals = [row for row in read_signals(folder) if row["update"] <= last_update]
        write_text(self._signals, "".join(json.dumps(row) + "\n" for row in signals))
        self._file = open(table, "a", newline="", encoding="utf-8")
        self._writer = csv.DictWriter(self._file, COLUMNS)
        self._board = SummaryWriter(
            folder / "tensorboard", purge_step=last_update + 1 if last_update else None
        )

    def add_update(self, row: dict) -> None:
        """Add the row of one update; see `COLUMNS`."""
        self._writer.writerow(row)
        for column, chart in CHARTS.items():
            if row[column] is not None:
                self._board.add_scalar(chart, row[column], row["update"])

    def add_outputs(self, outputs: Iterable[DevelopmentOutput]) -> None:
        """Add the outputs of an evaluation; the board shows the first."""
        with open(self._outputs, "a", encoding="utf-8") as file:
            for number, output in enumerate(outputs):
                file.write(_to_line(output))
                if number < LISTENING_EXAMPLES:
                    text = f"{output.hypothesis}  \n(reference: {output.reference})"
                    self._board.add_text(f"outputs/{output.id}", text, output.update)

    def add_signals(self, update: int, signals: Mapping[str, float]) -> None:
        """Add what an evaluation measured besides the score."""
        with open(self._signals, "a", encoding="utf-8") as file:
            file.write(json.dumps({"update": update, **signals}) + "\n")
        for name, value in signals.items():
            self._board.add_scalar(f"dev/{name}", value, update)

    def flush(self) -> None:
        """Write everything to the disk."""
        self._file.flush()
        self._board.flush()

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._board.close()


def _to_line(output: DevelopmentOutput) -> str:
    return json.dumps(asdict(output), ensure_ascii=False) + "\n"


def read_training_log(path: Path) -> list[dict]:
    """The rows of a training.csv, without a last row that is incomplete."""
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        lines = [line for line in file if line.endswith("\n")]
    return [
        {name: _parse(name, value) for name, value in row.items()}
        for row in csv.DictReader(lines)
        if None not in row.values()
    ]


def _parse(column: str, value: str) -> int | float | None:
    if value == "":
        return None
    return int(value) if column in ("update", "epoch") else float(value)


def read_listening(folder: Path) -> list[DevelopmentOutput]:
    """The outputs for the development examples, in the order of the evaluations."""
    path = folder / "listening.jsonl"
    if not path.exists():
        return []
    with open(path, newline="\n", encoding="utf-8") as file:  # outputs may hold other line ends
        return [DevelopmentOutput(**json.loads(line)) for line in file if line.endswith("\n")]


def read_signals(folder: Path) -> list[dict[str, float]]:
    """What each evaluation measured besides the score: "update" and the signals by name."""
    path = folder / "signals.jsonl"
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def peak_memory_mb() -> float:
    """Peak memory so far, in MB: the GPU's where one is in use, else this process's."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
