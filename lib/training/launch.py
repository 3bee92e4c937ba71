"""Training on several processes or machines: a function is called in each of them under torchrun, and followed from here.

    launch("lib.systems.gmu:fine_tune", {"recipe": ..., "folder": ...}, processes=4, folder=folder)

Nothing is forked: the processes are new ones, so a notebook whose kernel has touched the GPU may launch them. Afterwards
the same function called here finds its stages finished, and only loads what they left.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from lib.files import read_json, write_json
from lib.training.fit import TrainingCallback, TrainingProgress

PATIENCE = 40.0  # seconds for processes that were told to stop, to save and end


class RankDied(RuntimeError):
    """A process of a training ended; the message has its own."""


def launch(
    function: str,
    arguments: dict[str, Any],
    processes: int,
    folder: Path,
    watch: TrainingCallback = lambda tick: None,
    torchrun: Sequence[str] = ("--standalone",),
) -> None:
    """Call a function in several processes at once, each with the same arguments and a `watch` of its own.

    Args:
        function: `module:name`; it trains with `fit` and takes `watch`.
        arguments: what it is called with; it must be picklable.
        processes: on this machine; one a GPU, or any number of CPU processes.
        folder: gets `launch/`: the arguments, the log of all processes, and the error of one that died.
        torchrun: further options; several machines run the same command with `--nnodes` and `--rdzv-endpoint`.

    Raises:
        RankDied: a process died; the others were stopped.
    """
    index = folder / "launch"
    index.mkdir(parents=True, exist_ok=True)
    for old in [*index.glob("error-*.json"), index / "tick.json"]:
        old.unlink(missing_ok=True)
    (index / "call.pickle").write_bytes(pickle.dumps((function, arguments)))
    threads = max(1, (os.cpu_count() or 1) // processes)
    words = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        *torchrun,
        f"--nproc-per-node={processes}",
        "-m",
        __name__,
        str(index),
    ]
    with open(index / "log.txt", "w", encoding="utf-8") as log:
        child = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"OMP_NUM_THREADS": str(threads), "GOMP_SPINCOUNT": "1000"},
        )
        try:
            shown = 0.0
            while child.poll() is None:
                time.sleep(0.2)
                shown = _show(index, watch, shown)
        except BaseException:  # an interrupt too: nothing may go on behind the user's back
            _stop(child)
            raise
    _show(index, watch, shown)
    if child.returncode:
        raise RankDied(_why(index, child.returncode))


def _show(index: Path, watch: TrainingCallback, shown: float) -> float:
    path = index / "tick.json"
    if not path.exists() or path.stat().st_mtime == shown:
        return shown
    watch(TrainingProgress(**read_json(path)))
    return path.stat().st_mtime


def _stop(child: subprocess.Popen) -> None:
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _why(index: Path, code: int) -> str:
    """What the process that failed first said; one that was killed says nothing, but torchrun names its signal."""
    errors = sorted((read_json(path) for path in index.glob("error-*.json")), key=lambda entry: entry["at"])
    log = index / "log.txt"
    _, _, cause = log.read_text(encoding="utf-8", errors="replace").rpartition("Root Cause")
    killed = re.search(r"local_rank: (\d+).*?Signal \d+ \((\w+)\)", cause, re.S)
    for entry in errors:
        # the others lose their connection when one dies: that is not the cause
        if "onnection" not in entry["error"]:
            return f"process {entry['rank']} failed: {entry['error']} (all of it in {log})"
    if killed:
        return f"process {killed[1]} was killed by {killed[2]}; was there memory enough? (all of it in {log})"
    return f"torchrun ended with exit code {code}; see {log}"


class _Teller:
    """A `watch` that writes for the process that launched this one."""

    def __init__(self, path: Path) -> None:
        self._path, self._last = path, 0.0

    def __call__(self, tick: TrainingProgress) -> None:
        if tick.update == tick.updates or time.monotonic() - self._last > 1.0:
            self._last = time.monotonic()
            write_json(self._path, asdict(tick))


def _call(index: Path) -> None:
    """What each process does."""
    rank = int(os.environ["RANK"])
    # written a moment ago by `launch`, in a folder of this user's
    function, arguments = pickle.loads((index / "call.pickle").read_bytes())
    module, _, name = function.partition(":")
    watch: Callable[[TrainingProgress], None] = _Teller(index / "tick.json") if rank == 0 else lambda tick: None
    try:
        getattr(import_module(module), name)(**arguments, watch=watch)
    except BaseException as error:
        said = {"rank": rank, "at": time.time(), "error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
        (index / f"error-{rank}.json").write_text(json.dumps(said), encoding="utf-8")
        raise


if __name__ == "__main__":
    _call(Path(sys.argv[1]))
