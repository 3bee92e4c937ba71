"""The log of a training: training.csv, signals, TensorBoard, outputs for development examples."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import operator
import resource
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from lib.bounded import BadData, parse_json, read_regular
from lib.files import write_text

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

T = TypeVar("T")

COLUMNS = (
    "update",
    "epoch",
    "loss",
    "learning_rate",
    "gradient_norm",
    "audio_seconds_per_second",
    "tokens_per_second",
    "padding_share",
    "data_wait_share",  # of an update's time, until its batches are there
    "mfu",  # share of the GPU's peak arithmetic; empty where that is not known, as of a CPU
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
    "data_wait_share": "speed/data_wait_share",
    "mfu": "speed/mfu",
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
    """The log of one stage. Where it cannot be read or written, that is said, and training goes on.

    Args:
        folder: gets `training.csv`, `listening.jsonl`, `signals.jsonl` and `tensorboard/`.
        last_update: of the checkpoint that training resumes from; later rows are removed.
    """

    def __init__(self, folder: Path, last_update: int) -> None:
        self._folder, self._complete = folder, True
        self._table, self._outputs = folder / "training.csv", folder / "listening.jsonl"
        self._signals = folder / "signals.jsonl"
        rows = [row for row in read_training_log(self._table) if row["update"] <= last_update]
        outputs = [output for output in read_listening(folder) if output.update <= last_update]
        signals = [row for row in read_signals(folder) if row["update"] <= last_update]
        self._rows: list[dict] = []  # since the last flush
        self._board: SummaryWriter | None = None
        with self._keeping():
            write_text(self._table, f"{','.join(COLUMNS)}\r\n{_to_lines(rows)}")
            write_text(self._outputs, "".join(_to_line(output) for output in outputs))
            write_text(self._signals, "".join(json.dumps(row) + "\n" for row in signals))
            self._board = _open_board(folder / "tensorboard", last_update)

    def add_update(self, row: dict) -> None:
        """Add the row of one update; see `COLUMNS`."""
        self._rows.append(row)
        for column, chart in CHARTS.items():
            if row[column] is not None:
                self._show("add_scalar", chart, row[column], row["update"])

    def add_outputs(self, outputs: Iterable[DevelopmentOutput]) -> None:
        """Add the outputs of an evaluation; the board shows the first."""
        outputs = list(outputs)
        self._append(self._outputs, "".join(map(_to_line, outputs)))
        for output in outputs[:LISTENING_EXAMPLES]:
            text = f"{output.hypothesis}  \n(reference: {output.reference})"
            self._show("add_text", f"outputs/{output.id}", text, output.update)

    def add_signals(self, update: int, signals: Mapping[str, float]) -> None:
        """Add what an evaluation measured besides the score."""
        self._append(self._signals, json.dumps({"update": update, **signals}) + "\n")
        for name, value in signals.items():
            self._show("add_scalar", f"dev/{name}", value, update)

    def flush(self) -> None:
        """Write everything to the disk."""
        rows, self._rows = self._rows, []
        self._append(self._table, _to_lines(rows))
        self._show("flush")

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()
        self._show("close")

    def _append(self, path: Path, lines: str) -> None:
        with self._keeping(), open(path, "a", newline="", encoding="utf-8") as file:
            file.write(lines)

    def _show(self, method: str, *values: Any) -> None:
        with self._keeping():
            if self._board:
                getattr(self._board, method)(*values)

    @contextlib.contextmanager
    def _keeping(self) -> Iterator[None]:
        """Go on where the log cannot be written, such as on a full disk; it is said once."""
        try:
            yield
        except Exception as error:  # TensorBoard's writer raises what its thread met
            self._board = None
            if self._complete:
                print(f"{self._folder}: the log is not complete: {error}", file=sys.stderr)
            self._complete = False


def _open_board(folder: Path, last_update: int) -> SummaryWriter:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(folder, purge_step=last_update + 1 if last_update else None)


def _to_line(output: DevelopmentOutput) -> str:
    return json.dumps(asdict(output), ensure_ascii=False) + "\n"


def _to_lines(rows: Iterable[dict]) -> str:
    text = io.StringIO()
    csv.DictWriter(text, COLUMNS).writerows(rows)
    return text.getvalue()


def read_training_log(path: Path) -> list[dict]:
    """The rows of a training.csv, without those that are damaged or incomplete."""
    names = list(COLUMNS)

    def parse(line: bytes) -> dict | None:
        (values,) = csv.reader([line.decode("utf-8")], strict=True)
        if values[0] == COLUMNS[0]:  # the header, which may be of an older version
            names[:] = values if set(values) <= set(COLUMNS) else COLUMNS
            return None
        return {name: _parse(name, value) for name, value in zip(names, values, strict=True)}

    return _good_lines(path, parse)


def _parse(column: str, value: str) -> int | float | None:
    if column in ("update", "epoch"):
        return int(value)
    return float(value) if value else None


def read_listening(folder: Path) -> list[DevelopmentOutput]:
    """The outputs for the development examples, in the order of the evaluations."""

    def parse(line: bytes) -> DevelopmentOutput:
        row = parse_json(line)
        if not all(isinstance(v, int if name == "update" else str) for name, v in row.items()):
            raise TypeError
        return DevelopmentOutput(**row)

    return _good_lines(folder / "listening.jsonl", parse)


def read_signals(folder: Path) -> list[dict[str, float]]:
    """What each evaluation measured besides the score: "update" and the signals by name."""

    def parse(line: bytes) -> dict[str, float]:
        row = parse_json(line)
        update = operator.index(row.pop("update"))
        return {"update": update} | {name: value + 0.0 for name, value in row.items()}

    return _good_lines(folder / "signals.jsonl", parse)


_said: set[Path] = set()  # logs whose damage was said


def _good_lines(path: Path, parse: Callable[[bytes], T | None]) -> list[T]:
    """What `parse` makes of the complete lines of a log; how many it cannot read is said once."""
    found, damaged = [], ""
    try:
        lines = read_regular(path).splitlines(keepends=True)
    except FileNotFoundError:
        return []
    except (OSError, BadData) as error:
        lines, damaged = [], f"not readable: {error}"
    bad = 0
    for line in lines:
        try:
            row = parse(line) if line.endswith(b"\n") else None
        except (ValueError, TypeError, AttributeError, LookupError, csv.Error):
            bad += 1
            damaged = f"{bad} damaged lines are left out"
        else:
            found += [row] if row is not None else []
    if damaged and path not in _said:
        _said.add(path)
        print(f"{path}: {damaged}", file=sys.stderr)
    return found


def peak_memory_mb() -> float:
    """Peak memory so far, in MB: the GPU's where one is in use, else this process's."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
