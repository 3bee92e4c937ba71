"""Runs on a Slurm cluster: a job for each, through submitit; the command waits for all of them."""

from __future__ import annotations

import ast
import math
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOBase
from typing import Any

from submitit import AutoExecutor, SlurmExecutor
from submitit.core.utils import DelayedSubmission, JobPaths, pickle_load

from lib.scales import THREADS
from lib.workbook.completion import finished
from lib.workbook.fresh import delete_runs
from lib.workbook.identity import check_runs
from lib.workbook.notebooks import BadParameter
from lib.workbook.paths import scale_folder
from lib.workbook.plan import TIMEOUT_SECONDS, NotebookRun, dependencies, notebook_run
from lib.workbook.run_process import progress_line, stop_all
from lib.workbook.runner import outcome, run_one
from lib.workbook.screen import Screen

QUERY_SECONDS = 10.0  # between two questions to Slurm, which serves many users
END_SECONDS = 600.0  # that a job which was told to end leaves Slurm to end it
# options that the workbook sets itself: a run is one process under its own name
RESERVED = {
    *("name", "job_name", "nodes", "tasks_per_node", "ntasks_per_node", "array_parallelism"),
    *("dependency", "setup", "use_srun"),
}
# srun does not inherit it since Slurm 22.05
SETUP = '[ -z "$SLURM_CPUS_PER_TASK" ] || export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK'


@dataclass(frozen=True)
class SlurmRun:
    """The function of a Slurm job: one run, which resumes from checkpoints when it is requeued."""

    number: str
    parameters: dict[str, Any]

    @property
    def run(self) -> NotebookRun:
        return notebook_run(self.number, self.parameters)

    def __call__(self) -> str | None:
        """Make the run; returns what went wrong."""
        told_to_end = []

        def end(*_: object) -> None:
            told_to_end.append(True)
            stop_all()

        signal.signal(signal.SIGTERM, end)
        if finished(self.run):
            return None
        # Slurm's own time limit ends the job
        failure = run_one(self.run, Screen(), timeout_seconds=math.inf)
        if failure and told_to_end:  # cancelled or preempted: Slurm decides, this is no result
            time.sleep(END_SECONDS)
        return failure

    def checkpoint(self) -> DelayedSubmission:
        """End the notebook; submitit calls this before the time limit, and requeues the result."""
        stop_all()
        return DelayedSubmission(self)


@dataclass(frozen=True)
class _Submitted:
    run: NotebookRun
    title: str
    paths: JobPaths


def run_on_slurm(
    runs: Sequence[NotebookRun],
    fresh: bool = False,
    options: Sequence[str] = (),
    out: TextIOBase | None = None,
) -> int:
    """Submit every run that is not finished, and wait for all.

    A job starts when the jobs that train systems for it have ended. A run that an earlier call
    submitted is not submitted again.

    Args:
        options: NAME=VALUE each, for submitit's AutoExecutor or sbatch.

    Returns:
        The exit code: 0 only where every run finished.

    Raises:
        BadParameter: there is no Slurm here, or no such option, or Slurm refuses a job; further as
            `check_runs`.
    """
    check_runs(runs)
    scale = runs[0].scale
    executor = _executor(scale, options)
    queued = _queued(executor)
    if fresh and (ids := [queued[run.name] for run in runs if run.name in queued]):
        raise BadParameter(
            "--fresh would delete runs that are in Slurm's queue; "
            f"end them first: scancel {' '.join(ids)}"
        )
    screen = Screen(out)
    if fresh:
        delete_runs(runs, screen.print)
    submitted: dict[str, _Submitted] = {}
    try:
        _submit_all(runs, fresh, executor, queued, screen, submitted)
        return _wait(list(submitted.values()), screen)
    except (KeyboardInterrupt, SystemExit):
        if ids := [job.paths.job_id for job in submitted.values()]:
            screen.print(
                f"The jobs go on. Follow them: squeue -j {','.join(ids)}, or "
                f"python -m lib.workbook status --scale {scale}, or this command again."
            )
            screen.print(f"End them: scancel {' '.join(ids)}")
        raise


def _submit_all(
    runs: Sequence[NotebookRun],
    fresh: bool,
    executor: AutoExecutor,
    queued: dict[str, str],
    screen: Screen,
    submitted: dict[str, _Submitted],
) -> None:
    """Submit runs in the order of their dependencies, into `submitted`."""
    by_name = {run.name: run for run in runs}
    for index, (name, after) in enumerate(dependencies(runs).items(), 1):
        run = by_name[name]
        title = f"[{index}/{len(by_name)}] {run.title}"
        ids = [submitted[other].paths.job_id for other in after if other in submitted]
        reads_now = run.reads_records and bool(ids)
        if run.skip:
            screen.print(f"{title}: skipped: {run.skip}")
            continue
        if not fresh and not reads_now and (done := finished(run)):
            screen.print(f"{title}: {done}")
            continue
        job_id = queued.get(name)
        if job_id and reads_now:  # submitted by an earlier call, it may not wait for all of these
            subprocess.run(["scancel", job_id], check=False)
        if reads_now or not job_id:
            job_id = _submit(run, executor, ids)
        submitted[name] = _Submitted(run, title, JobPaths(executor.folder, job_id, 0))
        screen.print(f"{title}: job {job_id}, log {submitted[name].paths.stdout}")


def _executor(scale: str, options: Sequence[str]) -> AutoExecutor:
    if shutil.which("sbatch") is None:
        raise BadParameter(
            "--slurm needs sbatch on the PATH: run it on a login node, or leave --slurm out"
        )
    generic = AutoExecutor._valid_parameters() - RESERVED
    slurm = SlurmExecutor._valid_parameters() - RESERVED
    limit = math.ceil(TIMEOUT_SECONDS[scale] / 60)
    given: dict[str, Any] = {
        "timeout_min": limit,
        "cpus_per_task": THREADS[scale],
        "slurm_setup": [SETUP],
    }
    asked: set[str] = set()
    for option in options:
        name, equals, value = option.partition("=")
        bare = name.removeprefix("slurm_")
        if not equals or bare not in generic | slurm:
            raise BadParameter(
                f"--slurm-option {option!r} is not NAME=VALUE with one of "
                f"{', '.join(sorted(generic | slurm))}"
            )
        with suppress(ValueError, SyntaxError):
            value = ast.literal_eval(value)
        key = bare if bare in generic else f"slurm_{bare}"
        if key in asked:
            raise BadParameter(f"--slurm-option {bare} is given twice")
        asked.add(key)
        given[key] = value
    minutes = given.get("slurm_time", given["timeout_min"])
    if type(minutes) is not int or minutes < 1:
        raise BadParameter(f"the time limit {minutes!r} is not a number of minutes")
    # a job that times out is requeued until it had the limit in all, so that one that hangs ends
    requeues = math.ceil(limit / minutes)
    folder = scale_folder(scale) / "slurm"
    executor = AutoExecutor(folder, cluster="slurm", slurm_max_num_timeout=requeues)
    try:
        executor.update_parameters(**given)
    except (AssertionError, TypeError, ValueError) as error:
        raise BadParameter(f"--slurm-option: {error}") from error
    return executor


def _submit(run: NotebookRun, executor: AutoExecutor, after: Sequence[str]) -> str:
    """Submit a run; returns the id of its job."""
    dependency = f"afterany:{':'.join(after)}" if after else None
    executor.update_parameters(name=run.name, slurm_dependency=dependency)
    try:
        return executor.submit(SlurmRun(run.notebook.number, run.parameters)).job_id
    except RuntimeError as error:  # submitit's own errors are all of this kind
        message = " ".join(str(error).split())
        raise BadParameter(f"Slurm refused {run.name}: {message}") from error


def _job_states() -> dict[str, str]:
    """The states of this user's jobs that have not ended, by id."""
    command = ["squeue", "--noheader", f"--user={os.getuid()}", "--format=%i %T"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(line.split() for line in listing.splitlines())


def _queued(executor: AutoExecutor) -> dict[str, str]:
    """The ids of jobs of this scale that are in the queue already, by the names of their runs."""
    try:
        jobs = [JobPaths(executor.folder, job_id) for job_id in _job_states()]
    except subprocess.CalledProcessError as error:
        raise BadParameter(f"Slurm does not answer: {error.stderr.strip()}") from error
    ours = [paths for paths in jobs if paths.submitted_pickle.exists()]
    return {pickle_load(paths.submitted_pickle).function.run.name: paths.job_id for paths in ours}


def _wait(submitted: Sequence[_Submitted], screen: Screen) -> int:
    """Watch jobs until all have ended; returns the exit code."""
    left, failures, started, asked = list(submitted), [], time.monotonic(), -math.inf
    states = before = {job.paths.job_id: "SUBMITTED" for job in left}
    while left:
        if time.monotonic() - asked > QUERY_SECONDS:
            asked = time.monotonic()
            with suppress(subprocess.CalledProcessError):  # no answer, no news
                before, states = states, _job_states()
        for job in list(left):
            job_id = job.paths.job_id
            # missed twice: a slow file system shows the result later than the queue the end
            if not job.paths.result_pickle.exists() and (job_id in states or job_id in before):
                continue
            left.remove(job)
            failure = _failure(job.paths)
            if failure:
                failures.append(f"{job.run.name}: {failure}")
            passed = time.monotonic() - started
            screen.print(f"{job.title}: {outcome(job.run, failure)} ({passed:.0f} s so far)")
        if left:
            lines = [_status_line(job, states) for job in left]
            screen.show([*lines, f"{len(submitted) - len(left)} of {len(submitted)} jobs done"])
        time.sleep(0.5)
    for failure in failures:
        screen.print(f"FAILED {failure}")
    return 1 if failures else 0


def _status_line(job: _Submitted, states: dict[str, str]) -> str:
    state = states.get(job.paths.job_id, "ENDED")
    doing = f" {progress_line(job.run.folder)}" if state == "RUNNING" else ""
    return f"{job.run.name} {state}{doing}"


def _failure(paths: JobPaths) -> str | None:
    """What went wrong in a job that has ended, or None."""
    if not paths.result_pickle.exists():
        return (
            f"job {paths.job_id} ended without a result: cancelled, out of memory or node lost; "
            f"see {paths.stderr}"
        )
    status, value = pickle_load(paths.result_pickle)
    if status == "success":
        return value
    return f"{value.strip().splitlines()[-1]} (log: {paths.stderr})"
