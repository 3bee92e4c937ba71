"""Runs one notebook under papermill, in a process that `lib.workbook.run_process` starts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from threading import Event, Thread

import papermill
from jupyter_client.kernelspec import KernelSpecManager
from traitlets.config import Config

from lib.files import write_json
from lib.workbook.paths import HEADLESS, ROOT
from lib.workbook.process_tree import end_kernels

KERNEL = "speech-translation"
MAX_SOCKET_BYTES = 107  # of the path of a Unix socket on Linux


def kernel() -> str:
    """The workbook's own kernel, or python3 where it is not installed."""
    return KERNEL if KERNEL in KernelSpecManager().find_kernel_specs() else "python3"


def execute(source: Path, folder: Path, parameters: dict) -> None:
    """Run a notebook.

    Args:
        folder: gets the executed copy, notebook.ipynb, and cell.json, the cell that runs.
    """

    def note(cell: dict, cell_index: int) -> None:
        line = (cell["source"].strip().splitlines() or [""])[0]
        state = {"cell": cell_index, "first_line": line, "at": time.time()}
        write_json(folder / "cell.json", state)

    os.environ[HEADLESS] = "1"  # the kernel inherits it
    with tempfile.TemporaryDirectory(prefix="kernel-") as sockets:
        signal.signal(signal.SIGTERM, partial(_end_without, sockets))
        papermill.execute_notebook(
            _literally(source),
            _literally(folder / "notebook.ipynb"),
            parameters=parameters,
            kernel_name=kernel(),
            language="python",  # an editor may have removed the notebook's kernelspec
            cwd=str(ROOT),
            progress_bar=False,
            autosave_cell_every=30,
            on_cell_start=note,
            config=_connection(Path(sockets)),
        )


def _end_without(folder: str, number: int, _frame: object) -> None:
    """Remove a folder, and end by the signal that came."""
    shutil.rmtree(folder, ignore_errors=True)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _connection(folder: Path) -> Config:
    """Unix sockets between papermill and its kernel, where their paths are not too long.

    Of Jupyter's five TCP ports, each is free when papermill chooses it; another process may take it
    before the kernel does, which then dies. And other users of the machine can reach it.
    """
    file = folder / "kernel.json"
    if len(f"{file}-ipc-5".encode()) > MAX_SOCKET_BYTES:
        return Config()
    return Config(KernelManager={"transport": "ipc", "connection_file": str(file)})


def _literally(path: Path) -> str:
    """A path whose braces papermill does not take for parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _end_with_runner(runner_died: Event) -> None:
    """Wait for the end of the runner, which holds the other end of standard input, then end, too.

    A runner that was killed could not end its runs; they would hold GPUs, and their own locks.
    """
    pipe = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.read(pipe, 1)
    runner_died.set()
    end_kernels([os.getpid()])
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    runner_died = Event()
    watcher = Thread(target=_end_with_runner, args=[runner_died], daemon=True)
    watcher.start()
    try:
        execute(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
    finally:
        if runner_died.is_set():  # the kernel has ended; what it started may be saving
            watcher.join()
