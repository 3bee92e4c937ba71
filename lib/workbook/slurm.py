"""Runs on a Slurm cluster: each becomes a job of its own, through submitit, and the command waits for all of them."""

from __future__ import annotations

import ast
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TextIO

from submitit import AutoExecutor, SlurmExecutor
from submitit.core.utils import DelayedSubmission, JobPaths, pickle_load

from lib.workbook.notebooks import BadParameter
from lib.workbook.paths import scale_folder
from lib.workbook.plan import OVERVIEWS, WATCHDOG
from lib.workbook.runner import Job, Screen, ending, finished, forget, job, make, progress, stop

ASK_EVERY = 10.0  # seconds between two questions to Slurm, which many users ask
LAST_WORD = 600.0  # seconds that a job which was told to end leaves Slurm to end it
# options that are not the user's to set: a run is one process, named by the workbook
TAKEN = set("name job_name nodes tasks_per_node ntasks_per_node array_parallelism dependency setup use_srun".split())
SETUP = '[ -z "$SLURM_CPUS_PER_TASK" ] || export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK'  # srun forgets it since 22.05


@dataclass(frozen=True)
class SlurmRun:
    """What a Slurm job calls: one run; where Slurm stops the job and starts it again, it goes on from its checkpoints."""

    number: str
    parameters: dict[str, Any]

    @property
    def entry(self) -> Job:
        return job(self.number, self.parameters)

    def __call__(self) -> str | None:
        """Make the run; returns what went wrong."""
        entry, told = self.entry, []

        def end(*_: object) -> None:
            told.append(True)
            stop(entry.folder)

        signal.signal(signal.SIGTERM, end)
        if finished(entry):
            return None
        # Slurm's time limit is the watchdog here
        failure = make(entry, f"{entry.name}: {entry.notebook.title}", 0.0, Screen(sys.stdout), limit=math.inf)
        if failure and told:  # cancelled or preempted, so this is no result: what comes now is Slurm's to say
            time.sleep(LAST_WORD)
        return failure

    def checkpoint(self) -> DelayedSubmission:
        """Called by submitit before the time limit and on preemption: ends the notebook; what is returned is queued again."""
        stop(self.entry.folder)
        return DelayedSubmission(self)


@dataclass(frozen=True)
class _Submitted:
    entry: Job
    title: str
    paths: JobPaths


def run_on_slurm(jobs: list[Job], fresh: bool = False, options: Sequence[str] = (), out: TextIO = sys.stdout) -> int:
    """Submit every run that is not finished and wait for all; the overview runs when the others have ended.

    A run that an earlier call has put into the queue is not submitted again but waited for.

    Args:
        options: NAME=VALUE each, for submitit's AutoExecutor or sbatch.

    Returns:
        The exit code: 0 only where every run finished.

    Raises:
        BadParameter: there is no Slurm here, or no such option, or Slurm refuses a job.
    """
    executor = _executor(jobs[0].parameters["scale"], options)
    queued = _queued(executor)
    if fresh and (here := [queued[entry.name] for entry in jobs if entry.name in queued]):
        raise BadParameter(f"--fresh would delete runs that are in Slurm's queue; end them first: scancel {' '.join(here)}")
    if fresh:
        forget(jobs)
    screen, waiting = Screen(out), []
    try:
        for index, entry in enumerate(jobs):
            title = f"[{index + 1}/{len(jobs)}] {entry.name}: {entry.notebook.title}"
            others = [one.paths.job_id for one in waiting] if entry.notebook.number in OVERVIEWS else []
            if not fresh and not others and (done := finished(entry)):
                screen.say(f"{title}: {done}")
                continue
            number = queued.get(entry.name)
            if number and others:  # queued by an earlier call, it may not wait for all of them
                subprocess.run(["scancel", number], check=False)
            if others or not number:
                number = _submit(entry, executor, others)
            waiting.append(_Submitted(entry, title, JobPaths(executor.folder, number, 0)))
            screen.say(f"{title}: job {number}, log {waiting[-1].paths.stdout}")
        return _wait(waiting, screen)
    except (KeyboardInterrupt, SystemExit):
        if ids := [one.paths.job_id for one in waiting]:
            status = f"python -m lib.workbook status --scale {jobs[0].parameters['scale']}"
            screen.say(f"The jobs go on: follow them with squeue -j {','.join(ids)}, {status}, or this command again.")
            screen.say(f"End them with scancel {' '.join(ids)}")
        raise


def _executor(scale: str, options: Sequence[str]) -> AutoExecutor:
    if shutil.which("sbatch") is None:
        raise BadParameter("--slurm needs sbatch on the PATH: call it where your cluster takes jobs, or leave --slurm out")
    generic, slurm = AutoExecutor._valid_parameters() - TAKEN, SlurmExecutor._valid_parameters() - TAKEN
    limit = math.ceil(WATCHDOG[scale] / 60)
    given: dict[str, Any] = {"timeout_min": limit, "slurm_setup": [SETUP]}
    for option in options:
        name, equals, value = option.partition("=")
        bare = name.removeprefix("slurm_")
        if not equals or bare not in generic | slurm:
            raise BadParameter(f"--slurm-option {option!r} is not NAME=VALUE with one of {', '.join(sorted(generic | slurm))}")
        with suppress(ValueError, SyntaxError):
            value = ast.literal_eval(value)
        given[bare if bare in generic else f"slurm_{bare}"] = value
    minutes = given.get("slurm_time", given["timeout_min"])
    if type(minutes) is not int or minutes < 1:
        raise BadParameter(f"the time limit {minutes!r} is not a number of minutes")
    # out of time, a job is queued again until it had the plan's limit in all, so that one that hangs ends too
    again = math.ceil(limit / minutes)
    executor = AutoExecutor(scale_folder(scale) / "slurm", cluster="slurm", slurm_max_num_timeout=again)
    try:
        executor.update_parameters(**given)
    except (AssertionError, TypeError, ValueError) as error:
        raise BadParameter(f"--slurm-option: {error}") from error
    return executor


def _submit(entry: Job, executor: AutoExecutor, after: list[str]) -> str:
    """Submit a run; returns the number of its job."""
    executor.update_parameters(name=entry.name, slurm_dependency=f"afterany:{':'.join(after)}" if after else None)
    try:
        return executor.submit(SlurmRun(entry.notebook.number, entry.parameters)).job_id
    except RuntimeError as error:  # submitit's own errors are all of this kind
        raise BadParameter(f"Slurm refused {entry.name}: {' '.join(str(error).split())}") from error


def _alive() -> dict[str, str]:
    """The states of this user's jobs that have not ended, by their numbers."""
    words = ["squeue", "--noheader", f"--user={os.getuid()}", "--format=%i %T"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return dict(line.split() for line in said.splitlines())


def _queued(executor: AutoExecutor) -> dict[str, str]:
    """Runs of this scale that are in the queue already, and the numbers of their jobs."""
    try:
        submitted = [JobPaths(executor.folder, number) for number in _alive()]
    except subprocess.CalledProcessError as error:
        raise BadParameter(f"Slurm does not answer: {error.stderr.strip()}") from error
    here = [paths for paths in submitted if paths.submitted_pickle.exists()]
    return {pickle_load(paths.submitted_pickle).function.entry.name: paths.job_id for paths in here}


def _wait(waiting: list[_Submitted], screen: Screen) -> int:
    """Watch jobs until all of them have ended; returns the exit code."""
    left, failures, started, asked = list(waiting), [], time.monotonic(), -math.inf
    alive = before = {one.paths.job_id: "SUBMITTED" for one in left}
    while left:
        if time.monotonic() - asked > ASK_EVERY:
            asked = time.monotonic()
            with suppress(subprocess.CalledProcessError):  # no answer says nothing about the jobs
                before, alive = alive, _alive()
        for one in list(left):
            number = one.paths.job_id
            # missed twice: a slow file system shows the result later than the queue shows the end
            if not one.paths.result_pickle.exists() and (number in alive or number in before):
                continue
            left.remove(one)
            failure = _failure(one.paths)
            if failure:
                failures.append(f"{one.entry.name}: {failure}")
            screen.say(f"{one.title}: {ending(one.entry, failure)} ({time.monotonic() - started:.0f} s so far)")
        if left:
            screen.show(" | ".join([f"{len(left)} of {len(waiting)} to go", *(_doing(one, alive) for one in left)]))
        time.sleep(0.5)
    for failure in failures:
        screen.say(f"FAILED {failure}")
    return 1 if failures else 0


def _doing(one: _Submitted, alive: dict[str, str]) -> str:
    state = alive.get(one.paths.job_id, "ENDED")
    return f"{one.entry.name} {state}" + (f" {progress(one.entry.folder)}" if state == "RUNNING" else "")


def _failure(paths: JobPaths) -> str | None:
    """What went wrong in a job that has ended, or None."""
    if not paths.result_pickle.exists():
        return f"job {paths.job_id} ended without a result: cancelled, out of memory, its node lost? See {paths.stderr}"
    outcome, value = pickle_load(paths.result_pickle)
    return value if outcome == "success" else f"{value.strip().splitlines()[-1]} (all of it in {paths.stderr})"
