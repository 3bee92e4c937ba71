"""Makes runs side by side: skips what is finished, starts what may start, and reports failures."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from io import TextIOBase

from lib.cgroup import available_mb
from lib.locks import lock
from lib.workbook.collect import collect
from lib.workbook.completion import finished
from lib.workbook.fresh import delete_runs
from lib.workbook.identity import check_runs, own_record
from lib.workbook.machine import default_jobs, gpus
from lib.workbook.manifest_reader import run_damage
from lib.workbook.plan import NotebookRun, dependencies
from lib.workbook.run_process import RunProcess, progress_line, stop, stop_all
from lib.workbook.schedule import Schedule, ScheduledRun
from lib.workbook.screen import Screen
from lib.workbook.summary import headline

POLL_SECONDS = 0.2
LOCK_SECONDS = 1.0  # the lock of a process that was just killed takes a moment to go
# of a run that has no earlier record; above the peaks seen at smoke and tiny, guesses beyond
DEFAULT_MEMORY_MB = {"smoke": 1_500.0, "tiny": 2_500.0, "lab": 8_000.0, "full": 40_000.0}


def run_all(
    runs: Sequence[NotebookRun],
    jobs: int = 0,
    fresh: bool = False,
    out: TextIOBase | None = None,
) -> int:
    """Make every run, the ones after a failed one too.

    Args:
        jobs: how many go side by side; 0: one a GPU, or cores over the scale's threads.
        fresh: make finished runs again, with the systems that they trained.

    Returns:
        The exit code: 0 only where every run finished.

    Raises:
        BadParameter: see `check_runs`; with `fresh`, also where one is in progress elsewhere.
    """
    return _Batch(runs, jobs, fresh, Screen(out)).make()


class _Batch:
    """The runs of one call."""

    def __init__(
        self, runs: Sequence[NotebookRun], jobs: int, fresh: bool, screen: Screen
    ) -> None:
        check_runs(runs)
        self.screen, self.fresh = screen, fresh
        self.gpus = gpus()
        self.jobs = jobs or default_jobs(runs[0].scale, len(self.gpus))
        self.runs = {run.name: run for run in runs}
        self.titles = {
            name: f"[{number}/{len(self.runs)}] {run.title}"
            for number, (name, run) in enumerate(self.runs.items(), 1)
        }
        self.memory_mb = {name: needed_memory_mb(run) for name, run in self.runs.items()}
        self.processes: dict[str, RunProcess] = {}
        self.failures: list[str] = []
        self.timed: list[tuple[float, float]] = []  # expected and real minutes of ended runs
        self.began = time.monotonic()
        if fresh:
            delete_runs(self.runs.values(), screen.print)
        self.schedule = self._schedule(runs)

    def _schedule(self, runs: Sequence[NotebookRun]) -> Schedule:
        after = dependencies(runs)
        waiting = []
        for name in after:
            run = self.runs[name]
            if run.skip:
                self.screen.print(f"{self.titles[name]}: skipped: {run.skip}")
            # what reads records is judged when the runs before it have ended
            elif run.reads_records or not self._is_done(name):
                waiting.append(
                    ScheduledRun(
                        name=name,
                        after=after[name],
                        minutes=run.minutes,
                        slots=min(run.processes, self.jobs),
                        memory_mb=self.memory_mb[name],
                    )
                )
        return Schedule(waiting, self.jobs)

    def _is_done(self, name: str) -> bool:
        done = None if self.fresh else finished(self.runs[name])
        if done:
            self.screen.print(f"{self.titles[name]}: {done}")
        elif wrong := run_damage(self.runs[name].folder):
            self.screen.print(f"{self.titles[name]}: is made again: {wrong}")
        return bool(done)

    def make(self) -> int:
        """Make all runs; returns the exit code."""
        try:
            while not self.schedule.ended:
                self._start()
                self._end()
                self.screen.show(self._lines())
                time.sleep(POLL_SECONDS)
        except BaseException:  # an interrupt too: no run may go on in the background
            stop_all()
            raise
        for failure in self.failures:
            self.screen.print(f"FAILED {failure}")
        return 1 if self.failures else 0

    def _start(self) -> None:
        """Start what may start now."""
        while name := self.schedule.next_run(self._free_mb()):
            run = self.runs[name]
            if run.reads_records and self._is_done(name):
                self.schedule.end(name)
                continue
            if holder := other_process(run):
                self.failures.append(f"{name}: {holder}")
                self.screen.print(f"{self.titles[name]}: FAILED: {holder}")
                self.schedule.end(name)
                continue
            self.schedule.start(name)
            self.processes[name] = RunProcess(run, self._choose_gpus(run.processes))

    def _free_mb(self) -> float:
        """Available memory less what the running runs will still take."""
        growth = (
            max(0.0, self.memory_mb[name] - process.memory_mb)
            for name, process in self.processes.items()
        )
        return available_mb() - sum(growth)

    def _choose_gpus(self, count: int) -> list[str]:
        """The GPUs with the fewest runs."""
        used = Counter(name for process in self.processes.values() for name in process.gpu_names)
        return sorted(self.gpus, key=used.__getitem__)[:count]

    def _end(self) -> None:
        """Report the runs that have ended."""
        for name, process in list(self.processes.items()):
            if not process.ended():
                continue
            del self.processes[name]
            self.schedule.end(name)
            failure = process.failure()
            if failure:
                self.failures.append(f"{name}: {failure}")
            else:
                self.timed.append((process.run.minutes, process.seconds / 60))
            passed = time.monotonic() - self.began
            self.screen.print(
                f"{self.titles[name]}: {outcome(process.run, failure)} ({passed:.0f} s so far)"
            )
            collect(process.run.scale)

    def _lines(self) -> list[str]:
        """A line for each running run, and one for the whole."""
        lines = [status_line(self.titles[name], run) for name, run in self.processes.items()]
        expected, real = (sum(column) for column in zip((0.0, 0.0), *self.timed, strict=True))
        elapsed = {name: process.seconds / 60 for name, process in self.processes.items()}
        left = self.schedule.minutes_left(elapsed, real / expected if expected else 1.0)
        done = len(self.runs) - len(self.schedule.waiting) - len(self.schedule.running)
        return [*lines, f"{done} of {len(self.runs)} runs done, about {left:.0f} min left"]


def other_process(run: NotebookRun) -> str:
    """That another process makes a run now, whose files must not be touched; empty if none does."""
    try:
        with lock(run.folder / ".lock", f"run {run.name}", LOCK_SECONDS):
            return ""
    except RuntimeError as error:
        return str(error)


def run_one(
    run: NotebookRun, screen: Screen, timeout_seconds: float | None = None
) -> str | None:
    """Make one run and show its progress; returns what went wrong."""
    process = RunProcess(run, timeout_seconds=timeout_seconds)
    try:
        while not process.ended():
            screen.show([status_line(run.title, process)])
            time.sleep(POLL_SECONDS)
    except BaseException:
        stop([process])
        raise
    return process.failure()


def status_line(title: str, process: RunProcess) -> str:
    """What a run is doing now."""
    return f"{title} | {progress_line(process.run.folder)} | {process.seconds:.0f} s"


def outcome(run: NotebookRun, failure: str | None) -> str:
    """How a run ended, in a line."""
    if failure:
        return f"FAILED: {failure}"
    found = headline((own_record(run) or {}).get("scores", []))
    return f"finished, {found}" if found else "finished"


def needed_memory_mb(run: NotebookRun) -> float:
    """The peak of its last complete run, else a default of its scale."""
    peak = (own_record(run) or {}).get("peak_memory_mb", 0.0)
    return peak or DEFAULT_MEMORY_MB[run.scale]
