"""Training in several processes: torchrun calls a function in each, and its progress is followed.

    launch("my_module:train", {"recipe": ..., "folder": ...}, processes=4, folder=folder)

The processes are not forked, so a notebook whose kernel has used the GPU can launch them. If the
same function is then called in the notebook, it finds its stages finished and loads them.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import signal
import stat
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from lib.files import read_json, write_json
from lib.progress import TrainingCallback, TrainingProgress, no_callback

STOP_TIMEOUT_SECONDS = 40.0  # for processes that received SIGTERM to save a checkpoint and end
POLL_SECONDS = 0.2
PROGRESS_SECONDS = 1.0  # between two progress files


class RankDied(RuntimeError):
    """A process of a training failed; the message has its error."""


def launch(
    function: str,
    arguments: dict[str, Any],
    processes: int,
    folder: Path,
    callback: TrainingCallback = no_callback,
    torchrun: Sequence[str] = ("--standalone",),
) -> None:
    """Call a function in several processes at once, each with the same arguments and a `callback`.

    Args:
        function: `module:name`; it trains with `fit` and takes `callback`.
        arguments: of the function; picklable.
        processes: on this machine; on GPUs one for each.
        folder: gets `launch/`: the log of all processes, and a failed one's error.
        callback: receives the main process's progress.
        torchrun: options; for several machines give `--nnodes` and `--rdzv-endpoint` on each.

    Raises:
        RankDied: a process failed; the others were stopped.
    """
    files = folder / "launch"
    files.mkdir(parents=True, exist_ok=True)
    for old in [*files.glob("error-*.json"), files / "progress.json", files / "log.txt"]:
        old.unlink(missing_ok=True)
    command = [sys.executable, "-m", "torch.distributed.run", *torchrun]
    command += [f"--nproc-per-node={processes}", "-m", __name__, str(files)]
    threads = torch.get_num_threads()  # as declared by the scale: results depend on it
    # "x": never through a link, since others may write in a shared cache
    with _call_file(function, arguments) as call, open(files / "log.txt", "x") as log:
        command.append(str(call))
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"OMP_NUM_THREADS": str(threads), "GOMP_SPINCOUNT": "1000"},
        )
        try:
            reported = 0.0
            while child.poll() is None:
                time.sleep(POLL_SECONDS)
                reported = _report(files, callback, reported)
        except BaseException:  # after an interrupt nothing may go on in the background
            _stop(child)
            raise
    _report(files, callback, reported)
    if child.returncode:
        raise RankDied(_cause(files, child.returncode))


@contextlib.contextmanager
def _call_file(function: str, arguments: dict[str, Any]) -> Iterator[Path]:
    """The call as a pickle, in a folder of this machine that nobody else can enter.

    Whoever writes a pickle decides what is run, so it must not lie in a cache that is shared.
    """
    with TemporaryDirectory(prefix="speech-translation-launch-") as private:
        path = Path(private, "call.pickle")
        path.write_bytes(pickle.dumps((function, arguments)))
        yield path


def _read_call(path: Path) -> tuple[str, dict[str, Any]]:
    """The call that `_call_file` wrote.

    Raises:
        PermissionError: the folder is not this user's alone.
    """
    facts = path.parent.lstat()
    if facts.st_uid != os.getuid() or stat.S_IMODE(facts.st_mode) != 0o700:
        raise PermissionError(f"{path.parent} is not a private folder of this user; it is not read")
    return pickle.loads(path.read_bytes())


def _report(files: Path, callback: TrainingCallback, reported: float) -> float:
    """Pass new progress to the callback; returns the time of the progress file."""
    path = files / "progress.json"
    try:
        written = path.stat().st_mtime
        progress = TrainingProgress(**read_json(path)) if written != reported else None
    except (OSError, TypeError, ValueError):  # not there yet; or damaged, and the next one is not
        return reported
    if progress:
        callback(progress)
    return written


def _stop(child: subprocess.Popen) -> None:
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(STOP_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _cause(files: Path, exit_code: int) -> str:
    """The error of the process that failed first, or torchrun's note about a killed one."""
    errors = [read_json(path) for path in files.glob("error-*.json")]
    log = files / "log.txt"
    for error in sorted(errors, key=lambda error: error["time"]):
        # when a process fails, the others lose their connection to it: that is not the cause
        if "onnection" not in error["error"]:
            return f"process {error['rank']} failed: {error['error']} (see {log})"
    _, _, cause = log.read_text(encoding="utf-8", errors="replace").rpartition("Root Cause")
    killed = re.search(r"local_rank: (\d+).*?Signal \d+ \((\w+)\)", cause, re.S)
    if killed:
        return f"process {killed[1]} was killed by {killed[2]}, perhaps out of memory (see {log})"
    return f"torchrun ended with exit code {exit_code} (see {log})"


class _ProgressWriter:
    """A callback that writes progress to a file, for the process that launched this one."""

    def __init__(self, path: Path) -> None:
        self._path, self._last_write = path, 0.0

    def __call__(self, progress: TrainingProgress) -> None:
        is_last = progress.update == progress.updates
        if is_last or time.monotonic() - self._last_write > PROGRESS_SECONDS:
            self._last_write = time.monotonic()
            write_json(self._path, asdict(progress))


def _run_rank(files: Path, call: Path) -> None:
    """Call the function in this process, and write its error to a file where it fails."""
    rank = int(os.environ["RANK"])
    function, arguments = _read_call(call)
    module, _, name = function.partition(":")
    callback = _ProgressWriter(files / "progress.json") if rank == 0 else no_callback
    try:
        getattr(import_module(module), name)(**arguments, callback=callback)
    except BaseException as error:
        facts = {
            "rank": rank,
            "time": time.time(),
            "error": f"{type(error).__name__}: {error}",
            "traceback": traceback.format_exc(),
        }
        write_json(files / f"error-{rank}.json", facts)
        raise


if __name__ == "__main__":
    _run_rank(*map(Path, sys.argv[1:]))
