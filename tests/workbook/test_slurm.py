"""Runs as Slurm jobs: a real cluster of one node with requeues, signals and Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest

from lib.workbook import slurm
from lib.workbook.notebooks import BadParameter
from lib.workbook.paths import ROOT
from lib.workbook.plan import NotebookRun, notebook_run
from lib.workbook.slurm import run_on_slurm
from tests.workbook.cases import use_folder, write_notebook, write_record
from tests.workbook.cluster import output_of, slurm_cluster, until

TITLE = "01: Data curation"


def start(*words, env, outputs):
    """The command line with --slurm, in the background."""
    command = [sys.executable, "-m", "lib.workbook", "run", *words, "--scale", "smoke", "--slurm"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=env | {"WORKBOOK_OUTPUTS": str(outputs)},
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell may ignore it
        **pipes,
    )


def end_of(process):
    """Exit code, and what was printed."""
    out, err = process.communicate(timeout=300)
    return process.returncode, out + err


def is_alive(process):
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with slurm_cluster(tmp_path_factory.mktemp("slurm")) as env:
        yield env


@pytest.fixture(scope="module")
def story(cluster, tmp_path_factory):
    """Two runs on a cluster: Ctrl-C, a requeue, the same command, a time limit, and the end."""
    outputs = tmp_path_factory.mktemp("outputs")

    def manifest(run):
        path = outputs / "smoke" / "runs" / run / "manifest.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def queue():
        listing = output_of(["squeue", "-h", "-tall", "-o%i %j"], cluster)
        return dict(line.split()[::-1] for line in listing.splitlines())

    broken = outputs / "own.tsv"  # it is there, so the run starts
    broken.write_text("no manifest\n")
    words = ("10", "-p", "corpus=own", "-p", f"folder={broken}")
    failing = start(*words, env=cluster, outputs=outputs)
    waiting = start("01", "90", env=cluster, outputs=outputs)
    until(lambda: {"01", "90"} <= queue().keys())
    found = SimpleNamespace(job=queue()["01"], overview=queue()["90"])
    log = outputs / "smoke" / "slurm" / f"{found.job}_0_log.out"
    until(lambda: log.exists() and "starting" in log.read_text())
    waiting.send_signal(signal.SIGINT)
    found.interrupted = end_of(waiting)
    output_of(["scontrol", "requeue", found.job], cluster)  # all processes get SIGTERM
    first = until(lambda: manifest("01"))
    waiting = start("01", "90", env=cluster, outputs=outputs)  # the same command again
    # the signal that Slurm sends before the time limit
    output_of(["scancel", "--signal=USR2", found.job], cluster)
    job = ["scontrol", "show", "job", found.job]
    until(lambda: "Restarts=2" in output_of(job, cluster))
    found.first_kernel_lives = is_alive(first["process"])
    found.first_kernel = first["process"]
    found.end = end_of(waiting)
    found.failed = end_of(failing)
    found.log = log.read_text()
    found.data, found.claims = manifest("01"), manifest("90")
    before = queue()
    again = start("01", "90", env=cluster, outputs=outputs)
    found.again = end_of(again)
    found.submitted_again = queue() != before
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
class TestStory:
    def test_ctrl_c_ends_the_command(self, story):
        assert story.interrupted[0] == 130

    def test_ctrl_c_says_how_to_follow_the_jobs(self, story):
        assert f"squeue -j {story.job},{story.overview}" in story.interrupted[1]

    def test_ctrl_c_says_how_to_end_the_jobs(self, story):
        assert f"scancel {story.job} {story.overview}" in story.interrupted[1]

    def test_the_kernel_of_a_requeued_job_has_ended(self, story):
        assert not story.first_kernel_lives

    def test_a_requeued_job_has_another_kernel(self, story):
        assert story.data["process"] != story.first_kernel

    def test_a_job_that_was_requeued_twice_started_three_times(self, story):
        assert story.log.count("Starting with JobEnvironment") == 3

    def test_the_time_limit_is_a_checkpoint(self, story):
        assert "Calling checkpoint method" in story.log

    def test_the_same_command_waits_for_the_same_job(self, story):
        assert f"job {story.job}, log" in story.end[1]

    def test_it_ends_well(self, story):
        assert story.end[0] == 0

    def test_it_ends_with_the_claims(self, story):
        assert "DATA-1" in story.end[1]

    def test_it_ends_with_the_report(self, story):
        assert "report.html" in story.end[1]

    def test_the_overview_waits_for_the_other_run(self, story):
        assert story.claims["started"] >= story.data["finished"]

    def test_finished_runs_are_done(self, story):
        assert story.again[1].count(": done") == 2

    def test_finished_runs_are_not_submitted(self, story):
        assert not story.submitted_again

    def test_a_failed_run_is_the_exit_code(self, story):
        assert story.failed[0] == 1

    def test_a_failed_run_names_the_error(self, story):
        assert "own.tsv lacks the column" in story.failed[1]


def test_without_slurm_one_line_says_so(tmp_path):
    code, text = end_of(start("01", env=os.environ | {"PATH": str(tmp_path)}, outputs=tmp_path))
    assert (code, text.count("\n"), text[:31]) == (2, 1, "error: --slurm needs sbatch on ")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("partition", "is not NAME=VALUE"),
        ("partitoin=gpu", "with one of account, .*gpus_per_node, .*partition"),
        ("nodes=2", "with one of account"),
        ("timeout_min=two", "'two' is not a number of minutes"),
        ("gpus_per_node=two", "expected type"),
        ("partition=gpu", "Slurm does not answer: no controller"),
    ],
)
def test_mistakes_are_reported_before_anything_is_submitted(tmp_path, monkeypatch, option, message):
    for name in ("sbatch", "srun", "squeue"):
        (tmp_path / name).write_text("#!/bin/sh\necho no controller >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path)
    with pytest.raises(BadParameter, match=message):
        run_on_slurm([notebook_run("77", {"scale": "smoke"})], options=[option])


class Executor(slurm.AutoExecutor):
    """Stands in for submitit's: numbers jobs, and remembers what each was submitted with."""

    def __init__(self, folder):
        self.folder, self.jobs = folder, []

    def update_parameters(self, **given):
        self.given = given

    def submit(self, function):
        self.jobs.append(self.given)
        return SimpleNamespace(job_id=str(len(self.jobs)))


@pytest.fixture
def executor(tmp_path, monkeypatch):
    """Submits to nowhere; the folder has notebooks 10, 11 after it, and 90."""
    use_folder(monkeypatch, tmp_path)
    pair = 'scale = "smoke"\nsource = "est"'
    write_notebook(tmp_path, number="10", parameters=pair)
    write_notebook(tmp_path, number="11", parameters=pair, metadata={"after": ["10"]})
    write_notebook(tmp_path, number="90", metadata={"reads_records": True})
    executor = Executor(tmp_path)
    monkeypatch.setattr(slurm, "_executor", lambda scale, options: executor)
    monkeypatch.setattr(slurm, "_queued", lambda executor: {})
    monkeypatch.setattr(slurm, "_wait", lambda submitted, screen: 0)
    return executor


def submit(executor, *asked, **given):
    """Submit runs; returns what each waits for."""
    runs = [notebook_run(number, {"scale": "smoke", **more}) for number, more in asked]
    with open(executor.folder / "out", "w+") as out:
        run_on_slurm(runs, out=out, **given)
    return {job["name"]: job["slurm_dependency"] for job in executor.jobs}


def test_a_job_waits_for_the_jobs_that_train_its_systems(executor):
    assert submit(executor, ("11", {}), ("10", {})) == {"10": None, "11": "afterany:1"}


def test_a_job_does_not_wait_for_another_pair(executor):
    assert submit(executor, ("10", {}), ("11", {"source": "que"}))["11,source=que"] is None


def test_a_job_that_reads_records_waits_for_all(executor):
    found = submit(executor, ("10", {}), ("11", {"source": "que"}), ("90", {}))
    assert set(found["90"].removeprefix("afterany:").split(":")) == {"1", "2"}


def test_a_job_does_not_wait_for_a_finished_run(executor):
    write_record("10")
    assert submit(executor, ("10", {}), ("11", {})) == {"11": None}


def test_a_job_waits_for_a_run_that_is_queued(executor, monkeypatch):
    monkeypatch.setattr(slurm, "_queued", lambda executor: {"10": "7"})
    assert submit(executor, ("10", {}), ("11", {})) == {"11": "afterany:7"}


def test_a_queued_run_is_not_deleted(executor, monkeypatch):
    monkeypatch.setattr(slurm, "_queued", lambda executor: {"10": "7"})
    with pytest.raises(BadParameter, match="scancel 7"):
        submit(executor, ("10", {}), fresh=True)


def test_a_skipped_run_is_not_submitted(executor, tmp_path):
    run = notebook_run("10", {"scale": "smoke"})
    skipped = NotebookRun(
        notebook=run.notebook, parameters=run.parameters, minutes=1.0, skip="no corpus"
    )
    with open(tmp_path / "out", "w+") as out:
        run_on_slurm([skipped], out=out)
    assert executor.jobs == []
