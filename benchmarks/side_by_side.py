"""Two sides measured in turn, each measurement in a fresh process, and statistics of the pairs."""

from __future__ import annotations

import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lib.workbook.paths import ROOT

THREADS = int(os.environ.get("OMP_NUM_THREADS") or 2)
Figures = dict[str, float]
Pair = tuple[Figures, Figures]


@dataclass(kw_only=True)
class Row:
    """One figure of both sides, with every repeat."""

    what: str
    unit: str
    peer: str = ""
    ours: list[float]
    theirs: list[float] = field(default_factory=list)  # empty where there is no peer's figure

    def spread(self) -> dict[str, float | str]:
        """Median, minimum and maximum of each side and of the paired ratios, blank where empty."""
        # a peer's figure of 0, such as no padding, gives no ratio
        pairs = zip(self.ours, self.theirs, strict=False)
        sides = {
            "ours": self.ours,
            "theirs": self.theirs,
            "ratio": [ours / theirs for ours, theirs in pairs if theirs],
        }
        statistic = {"median": statistics.median, "min": min, "max": max}
        return {
            f"{side}_{name}": compute(values) if values else ""
            for side, values in sides.items()
            for name, compute in statistic.items()
        }


def paired_row(pairs: list[Pair], key: str, *, what: str, unit: str, peer: str) -> Row:
    """The figure `key` of all pairs as a row."""
    return Row(
        what=what,
        unit=unit,
        peer=peer,
        ours=[ours[key] for ours, _ in pairs],
        theirs=[theirs[key] for _, theirs in pairs],
    )


def alternate(
    name: str,
    repeats: int,
    ours: Callable[[], Figures],
    theirs: Callable[[Figures], Figures],
    shown: str,
) -> list[Pair]:
    """Measure ours, theirs, ours, theirs ...: a slow minute of the machine affects both sides.

    Args:
        theirs: receives our figures just before, so that it can match the amount of work.
        shown: the figure in the progress line.
    """
    pairs = []
    for number in range(1, repeats + 1):
        first = ours()
        second = theirs(first)
        pairs.append((first, second))
        values = f"ours {first[shown]:.4g}, theirs {second[shown]:.4g}"
        ratio = f"ratio {first[shown] / second[shown]:.2f}"
        print(f"{name} {number}/{repeats}: {values}, {ratio}", flush=True)
    return pairs


def measure(function: Callable[..., Figures], **arguments: object) -> Figures:
    """Call a module's public function in a process of its own, without earlier threads or caches.

    Raises:
        RuntimeError: it failed; carries the end of its output.
    """
    target = f"{function.__module__}:{function.__name__}"
    started = time.monotonic()
    print(f"  {target} ...", end="", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-m", __name__, target, json.dumps(arguments), str(answer)]
        threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        offline = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | dict.fromkeys(threads, str(THREADS)) | offline,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        print(f" {time.monotonic() - started:.0f} s", flush=True)
        if done.returncode:
            end = done.stdout[-4000:]
            raise RuntimeError(f"{target} failed with status {done.returncode}:\n{end}")
        return json.loads(answer.read_text(encoding="utf-8"))


def _child(target: str, arguments: str, answer: str) -> None:
    import torch

    torch.set_num_threads(THREADS)
    module, name = target.split(":")
    figures = getattr(importlib.import_module(module), name)(**json.loads(arguments))
    Path(answer).write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    _child(*sys.argv[1:])
