"""Two sides measured in turn, each measurement in a fresh process, and the statistics of the pairs."""

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


@dataclass
class Row:
    """One figure of both sides, with every repeat."""

    what: str
    unit: str
    peer: str
    ours: list[float]
    theirs: list[float] = field(default_factory=list)  # none where the figure is of both sides together

    def spread(self) -> dict[str, float | str]:
        """Median, least and most of each side and of the paired ratios; a side without figures is blank."""
        # a side that measured nothing (no padding at all, say) has no ratio
        ratios = [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=False) if theirs]
        columns: dict[str, float | str] = {}
        for side, values in (("ours", self.ours), ("theirs", self.theirs), ("ratio", ratios)):
            for name, middle in (("median", statistics.median), ("min", min), ("max", max)):
                columns[f"{side}_{name}"] = middle(values) if values else ""
        return columns


def row(pairs: list[Pair], key: str, what: str, unit: str, peer: str) -> Row:
    """The figure `key` of all pairs as a row."""
    return Row(what, unit, peer, [ours[key] for ours, _ in pairs], [theirs[key] for _, theirs in pairs])


def alternate(
    name: str, repeats: int, ours: Callable[[], Figures], theirs: Callable[[Figures], Figures], shown: str
) -> list[Pair]:
    """Ours, theirs, ours, theirs ...: neighbours are a pair, so that a slow minute of the machine meets both.

    Args:
        theirs: is given what ours came to just before, so that it can match the amount of work.
        shown: the figure that the progress line gives.
    """
    pairs = []
    for number in range(1, repeats + 1):
        first = ours()
        second = theirs(first)
        pairs.append((first, second))
        ratio = first[shown] / second[shown]
        print(f"{name} {number}/{repeats}: ours {first[shown]:.4g}, theirs {second[shown]:.4g}, ratio {ratio:.2f}", flush=True)
    return pairs


def measure(function: Callable[..., Figures], **arguments: object) -> Figures:
    """What a module's public function comes to in a process of its own: no threads, caches or heap of another measurement.

    Raises:
        RuntimeError: it failed; carries the end of its output.
    """
    target = f"{function.__module__}:{function.__name__}"
    started = time.monotonic()
    print(f"  {target} ...", end="", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-m", "benchmarks.side_by_side", target, json.dumps(arguments), str(answer)]
        threads = {name: str(THREADS) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        offline = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | threads | offline, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        print(f" {time.monotonic() - started:.0f} s", flush=True)
        if done.returncode:
            raise RuntimeError(f"{target} failed with status {done.returncode}:\n{done.stdout[-4000:]}")
        return json.loads(answer.read_text(encoding="utf-8"))


def _child(target: str, arguments: str, answer: str) -> None:
    import torch

    torch.set_num_threads(THREADS)
    module, name = target.split(":")
    figures = getattr(importlib.import_module(module), name)(**json.loads(arguments))
    Path(answer).write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    _child(*sys.argv[1:])
