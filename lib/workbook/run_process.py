"""One run of a notebook in a process of its own: started, watched, and ended in order."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lib.disk import DiskFull
from lib.files import Damaged, read_json, write_json
from lib.workbook.completion import is_finished
from lib.workbook.machine import run_environment
from lib.workbook.manifest_reader import RECORD, read_manifest
from lib.workbook.paths import ROOT
from lib.workbook.plan import RUN_FILES, TIMEOUT_SECONDS, NotebookRun
from lib.workbook.process_tree import end_kernels, memory_mb
from lib.workbook.sealed import seal

PROGRESS, CELL = "progress.json", "cell.json"  # what a run says of itself while it goes on
# lines of a log that name an error, such as `ValueError: ...`
_ERROR = re.compile(
    r"^[\w.]*(Error|Full|Died|Bad\w+|NotInLocale|NotObtained|DoesNotFit|Wrong\w+|Interrupt)\b.*:"
)

_running: list[RunProcess] = []  # of this process


class RunProcess:
    """A notebook under papermill, which is running or has ended."""

    def __init__(
        self,
        run: NotebookRun,
        gpu_names: Sequence[str] = (),
        timeout_seconds: float | None = None,
    ) -> None:
        """Start the run.

        Args:
            gpu_names: the only GPUs that it sees; empty: all that this process sees.
            timeout_seconds: after which it is stopped; None: the limit of its scale.
        """
        self.run, self.gpu_names = run, tuple(gpu_names)
        self.timeout_seconds = timeout_seconds or TIMEOUT_SECONDS[run.scale]
        self.started = time.monotonic()
        self._timed_out = ""
        folder = run.folder
        folder.mkdir(parents=True, exist_ok=True)
        for name in RUN_FILES:
            # behind a link, somebody else's file would be written
            if name in (PROGRESS, CELL) or (folder / name).is_symlink():
                (folder / name).unlink(missing_ok=True)
        self._manifest_before = read_manifest(folder)
        seal(run.scale)
        command = [sys.executable, "-m", "lib.workbook.execute", str(run.notebook.path)]
        command += [str(folder), json.dumps(run.parameters)]
        with open(folder / "log.txt", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=run_environment(run.scale, list(gpu_names)),
                stdin=subprocess.PIPE,  # closed where this process dies, so the run ends, too
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_ignore_signals,
            )
        _running.append(self)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def memory_mb(self) -> float:
        """Memory that it holds now, in MB."""
        return memory_mb(self.process.pid)

    def ended(self) -> bool:
        """True where it has ended; one that has run out of time is stopped."""
        if self.process.poll() is None and self.seconds > self.timeout_seconds:
            cell = last_cell(self.run.folder)
            self._timed_out = f"stopped after the limit of {self.timeout_seconds:g} s in {cell}"
            stop([self])
        if self.process.poll() is None:
            return False
        if self in _running:
            _running.remove(self)
        return True

    def failure(self) -> str | None:
        """What went wrong in a run that has ended, or None; it is put into the run's record."""
        folder, code = self.run.folder, self.process.returncode
        manifest = read_manifest(folder)
        complete = is_finished(manifest)
        if self._timed_out:
            reason = self._timed_out
        elif code:
            reason = f"{last_cell(folder)}: {_error(folder, code)}"
        elif complete and manifest != self._manifest_before:
            return None
        else:
            reason = "the notebook ended without run.finish(), so its record is not complete"
        if manifest and not complete:
            try:
                failed = manifest | {"exit": f"failed: {reason}"}
                write_json(folder / RECORD, failed, sealed=True)
            except DiskFull as error:
                return f"{reason}; and {error}"
        return reason


def progress_line(folder: Path) -> str:
    """What a run is doing now, by the files in its folder; damaged ones say nothing."""
    return _state(folder / PROGRESS).get("line") or last_cell(folder)


def last_cell(folder: Path) -> str:
    """The cell that started last; papermill's own metadata is wrong after a kernel died."""
    cell = _state(folder / CELL)
    if cell.keys() >= {"cell", "first_line"}:
        return f"cell {cell['cell']} ({cell['first_line'][:60]})"
    return "starting"


def _state(path: Path) -> dict[str, str]:
    """What a run says of itself while it goes on, as text; empty where it cannot be read."""
    with suppress(OSError, Damaged):
        if isinstance(found := read_json(path), dict):
            return {name: str(value) for name, value in found.items()}
    return {}


def _error(folder: Path, code: int) -> str:
    """The last line of the traceback, without its colours."""
    log = folder / "log.txt"
    text = log.read_text(encoding="utf-8", errors="replace")
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]
    lines = [line for line in lines if line]
    if "DeadKernelError" in text or code in (137, 138, -9):
        return f"the kernel died (exit code {code}): killed, or out of memory; see {log}"
    errors = [line for line in lines if _ERROR.match(line)]
    return f"{(errors or lines or [f'exit code {code}'])[-1]} (log: {log})"


def stop_all() -> None:
    """End every run of this process; a signal handler may call it."""
    stop(list(_running))


def stop(runs: Sequence[RunProcess]) -> None:
    """End runs in order, all at once; papermill, whose end would kill the kernel, last."""
    try:
        end_kernels([run.process.pid for run in runs])
    finally:
        for run in runs:
            _end_papermill(run.process)


def _end_papermill(process: subprocess.Popen) -> None:
    process.terminate()
    # bounded: the handler of a signal may have interrupted a wait that holds the process's lock
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
    process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)


def _ignore_signals() -> None:
    """Ctrl-C reaches a whole terminal and Slurm's warning a whole job; only the runner acts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
