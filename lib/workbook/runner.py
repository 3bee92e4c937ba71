"""Runs notebooks headlessly: skips what is finished, resumes what was interrupted, and tells the truth at the end."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import psutil

from lib.files import DiskFull, read_json, write_json
from lib.workbook.collect import collect
from lib.workbook.manifests import lib_hash, manifests, read_manifest_of
from lib.workbook.notebooks import BadParameter, Notebook, notebook
from lib.workbook.paths import ROOT, scale_folder
from lib.workbook.plan import OVERVIEWS, PLAN, STUDIES, WATCHDOG

LINE_EVERY = 15.0  # seconds between two lines where the output is no terminal
GRACE = 20.0  # seconds that a kernel has to save its training once it is told to end

_children: dict[Path, subprocess.Popen] = {}  # the runs that this process makes now, by their folders


@dataclass(frozen=True)
class Job:
    """A run to be made."""

    notebook: Notebook
    parameters: dict[str, Any]
    minutes: float

    @property
    def name(self) -> str:
        return self.notebook.run_name(self.parameters)

    @property
    def folder(self) -> Path:
        return scale_folder(self.parameters["scale"]) / "runs" / self.name


def planned(scale: str, study: str = "") -> list[Job]:
    """Every run of the workbook at a scale, or of a study.

    Raises:
        BadParameter: there is no such study, or none of its runs is for this scale.
    """
    if study and study not in STUDIES:
        raise BadParameter(f"there is no study {study!r}; there is {', '.join(STUDIES)}")
    wanted = [entry for entry in (STUDIES[study] if study else PLAN) if scale in entry.scales]
    if study and all(entry.number in OVERVIEWS for entry in wanted):
        raise BadParameter(
            f"at {scale} the study {study!r} needs recordings: run its notebooks one by one, with -p corpus= -p folder="
        )
    jobs = []
    for entry in wanted:
        source = notebook(entry.number)
        jobs.append(Job(source, source.check({"scale": scale, **entry.parameters}), entry.minutes))
    return jobs


def job(number: str, parameters: dict[str, Any]) -> Job:
    """One run; its parameters are checked before anything runs."""
    source = notebook(number)
    minutes = next((entry.minutes for entry in PLAN if entry.number == source.number), 5.0)
    return Job(source, source.check(parameters), minutes)


def finished(entry: Job) -> str | None:
    """Why a run need not be made again: "done", or "done by other code"; None where it has to be made."""
    manifest = read_manifest_of(entry.folder)
    if not manifest or manifest["exit"] != "finished" or manifest["notebook_hash"] != entry.notebook.hash:
        return None
    if _changed(entry.parameters.get("folder", "")) > manifest["started"]:
        return None  # somebody has repaired the corpus's list, or taken another copy of it
    if entry.notebook.number in OVERVIEWS and _newest_before(entry) > manifest["started"]:
        return None  # it is made of the other runs' records, so it is as old as the newest of them
    return "done" if manifest["lib_hash"] == lib_hash() else "done by other code; --fresh makes it again"


def _changed(folder: str) -> str:
    """When a manifest, or the top of a corpus's folder, was written to; what changed deeper is not looked for."""
    if not folder or not Path(folder).exists():
        return ""
    return datetime.fromtimestamp(Path(folder).stat().st_mtime, UTC).isoformat(timespec="seconds")


def _newest_before(entry: Job) -> str:
    """When the newest of the runs that an overview reads finished; one overview reads those before it."""
    later = OVERVIEWS[OVERVIEWS.index(entry.notebook.number) :]
    known = manifests(entry.parameters["scale"])
    others = [m["finished"] for m in known if m["notebook"] not in later and m["exit"] == "finished"]
    return max(others, default="")


def run_all(jobs: list[Job], fresh: bool = False, out: TextIO = sys.stdout) -> int:
    """Make every run, the ones after a failed one too.

    Returns:
        The exit code: 0 only where every run finished.
    """
    screen, failures, started = Screen(out), [], time.monotonic()
    if fresh:
        forget(jobs)
    for index, entry in enumerate(jobs):
        title = f"[{index + 1}/{len(jobs)}] {entry.name}: {entry.notebook.title}"
        done = None if fresh else finished(entry)
        if done:
            screen.say(f"{title}: {done}")
            continue
        minutes = sum(later.minutes for later in jobs[index:] if fresh or finished(later) is None)
        failure = make(entry, title, minutes, screen)
        if failure:
            failures.append(f"{entry.name}: {failure}")
        screen.say(f"{title}: {ending(entry, failure)} ({time.monotonic() - started:.0f} s so far)")
        collect(entry.parameters["scale"])
    for failure in failures:
        screen.say(f"FAILED {failure}")
    return 1 if failures else 0


def forget(jobs: list[Job]) -> None:
    """Delete runs and the systems that they trained, all at once before the first is made anew, since notebooks share systems."""
    for entry in jobs:
        for folder in (read_manifest_of(entry.folder) or {}).get("systems", {}).values():
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(entry.folder, ignore_errors=True)


def make(entry: Job, title: str, minutes: float, screen: Screen, limit: float | None = None) -> str | None:
    """Make one run; returns what went wrong.

    Args:
        minutes: what is left in all, for the live line.
        limit: seconds after which it is stopped; the scale's watchdog where nothing is given.
    """
    entry.folder.mkdir(parents=True, exist_ok=True)
    for old in ("progress.json", "cell.json"):
        (entry.folder / old).unlink(missing_ok=True)
    words = [
        sys.executable,
        "-m",
        "lib.workbook.execute",
        str(entry.notebook.path),
        str(entry.folder),
        json.dumps(entry.parameters),
    ]
    limit = WATCHDOG[entry.parameters["scale"]] if limit is None else limit
    before = read_manifest_of(entry.folder)
    with open(entry.folder / "log.txt", "w", encoding="utf-8") as log:
        child = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, preexec_fn=_deaf
        )
        _children[entry.folder] = child
        started = time.monotonic()
        try:
            while child.poll() is None:
                time.sleep(0.2)
                passed = time.monotonic() - started
                left = max(0.0, minutes - passed / 60)
                screen.show(f"{title} | {progress(entry.folder)} | {passed:.0f} s, about {left:.0f} min left in all")
                if passed > limit:
                    stop(entry.folder)
                    return _failed(entry.folder, f"stopped by the watchdog after {limit} s in {_cell(entry.folder)}")
        except BaseException:  # an interrupt from the keyboard too: nothing may go on behind the user's back
            stop(entry.folder)
            raise
        finally:
            del _children[entry.folder]
    manifest = read_manifest_of(entry.folder)
    if child.returncode == 0 and manifest and manifest["exit"] == "finished" and manifest != before:
        return None
    if child.returncode == 0:
        return _failed(entry.folder, "the notebook ended without run.finish(), so its record is not complete")
    return _failed(entry.folder, f"{_cell(entry.folder)}: {_reason(entry.folder, child.returncode)}")


def ending(entry: Job, failure: str | None) -> str:
    """How a run ended, in a line."""
    return f"FAILED: {failure}" if failure else f"finished{_headline(entry.folder)}"


def _headline(folder: Path) -> str:
    """The first speech translation score of a run beside its best baseline."""
    rows = [row for row in read_manifest_of(folder)["scores"] if (row["metric"], row["task"]) == ("BLEU", "ST")]
    ours = next((row for row in rows if row["system"] != "baseline"), None)
    if ours is None:
        return ""
    pair = (ours["source"], ours["target"])
    others = [row["value"] for row in rows if row["system"] == "baseline" and (row["source"], row["target"]) == pair]
    text = f", {'→'.join(pair)} BLEU {ours['value']:.1f} ({ours['low']:.1f} to {ours['high']:.1f})"
    return text + (f", best baseline {max(others):.1f}" if others else "")


def progress(folder: Path) -> str:
    """What a run is doing now, as far as its folder tells."""
    try:
        return read_json(folder / "progress.json")["line"]
    except (OSError, ValueError):
        return _cell(folder)


def _cell(folder: Path) -> str:
    """The cell that ran last; papermill's own metadata is wrong about it after a kernel died."""
    try:
        cell = read_json(folder / "cell.json")
    except (OSError, ValueError):
        return "starting"
    return f"cell {cell['cell']} ({cell['first_line'][:60]})"


def _reason(folder: Path, code: int) -> str:
    """The last line of the traceback, without its colours."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", (folder / "log.txt").read_text(encoding="utf-8", errors="replace"))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"^[\w.]*(Error|Full|Died|Bad\w+|NotInLocale|Wrong\w+|Exception)\b.*:", line)]
    if "DeadKernelError" in text or code in (137, 138, -9):
        return f"the kernel died (exit code {code}); was it killed, or out of memory? see {folder / 'log.txt'}"
    return f"{(errors or lines or [f'exit code {code}'])[-1]} (all of it in {folder / 'log.txt'})"


def _failed(folder: Path, why: str) -> str:
    manifest = read_manifest_of(folder)
    if manifest and manifest["exit"] != "finished":
        try:
            write_json(folder / "manifest.json", manifest | {"exit": f"failed: {why}"})
        except DiskFull as error:
            return f"{why}; and {error}"
    return why


def stop(folder: Path) -> None:
    """End the run that this process makes in `folder`, if any; it may be called from a handler of signals.

    The kernel goes first, since training saves a checkpoint when it is told to end, then what the kernel has started
    (training in several processes saves too), and the papermill process, which would take the kernel along, last.
    """
    if (child := _children.get(folder)) is None:
        return
    kernels, family = [], []
    with suppress(psutil.NoSuchProcess):
        papermill = psutil.Process(child.pid)
        kernels, family = papermill.children(), papermill.children(recursive=True)
    try:
        _end(kernels)
        _end(family)
    finally:  # somebody who interrupts again does not want to wait
        _signal(family, signal.SIGKILL)
        child.terminate()
        # no wait without an end: the handler may have interrupted a wait that holds the child's lock
        with suppress(subprocess.TimeoutExpired):
            child.wait(5)
        child.kill()
        with suppress(subprocess.TimeoutExpired):
            child.wait(5)


def _end(processes: list[psutil.Process]) -> None:
    """Tell processes to end, and give them time to do so."""
    _signal(processes, signal.SIGTERM)
    patience = time.monotonic() + GRACE
    while time.monotonic() < patience and any(map(_lives, processes)):
        time.sleep(0.1)


def _signal(processes: list[psutil.Process], number: int) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _lives(process: psutil.Process) -> bool:
    """psutil's own wait takes one that has ended for alive where its parent does not fetch its exit code."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _deaf() -> None:
    """Ctrl-C reaches a whole terminal and Slurm's warning a whole job: the runner alone answers, and ends the others in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)


class Screen:
    """One live line on a terminal, or a line every 15 s elsewhere."""

    def __init__(self, out: TextIO) -> None:
        self.out, self.live, self._last, self._width = out, out.isatty(), 0.0, 0

    def show(self, line: str) -> None:
        """Replace the live line."""
        if self.live:
            line = line[: shutil.get_terminal_size().columns - 1]
            self.out.write("\r" + line.ljust(self._width))
            self._width = len(line)
            self.out.flush()
        elif time.monotonic() - self._last > LINE_EVERY:
            self._last = time.monotonic()
            print(line, file=self.out, flush=True)

    def say(self, line: str) -> None:
        """A line that stays."""
        if self.live and self._width:
            self.out.write("\r" + " " * self._width + "\r")
            self._width = 0
        print(line, file=self.out, flush=True)
