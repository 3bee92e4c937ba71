"""Several runs side by side, with real kernels, errors, kills and interrupts."""

import os
import re
import signal
import subprocess
from contextlib import contextmanager

import pytest

from lib.locks import lock
from lib.scales import THREADS
from lib.workbook import runner
from lib.workbook.manifest_reader import read_manifest
from lib.workbook.paths import ROOT
from lib.workbook.plan import NotebookRun, notebook_run
from lib.workbook.run_process import RunProcess
from lib.workbook.runner import other_process
from lib.workbook.screen import Screen
from tests.workbook.cases import (
    FINISHES,
    SAVES,
    WRITES_RECORD,
    runner_command,
    score_row,
    use_folder,
    write_notebook,
    write_record,
)
from tests.workbook.test_run_process import is_alive, wait_for

pytestmark = pytest.mark.slow  # it trains, or starts processes

WAITS_FOR_A_FILE = """
import pathlib, time
pathlib.Path({folder!r}, "waits").touch()
while not pathlib.Path({folder!r}, "go").exists():
    time.sleep(0.1)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def failures(tmp_path_factory):
    """Exit code and output of four runs, three of which fail, and the folder of the fourth."""
    folder = tmp_path_factory.mktemp("failures")
    write_notebook(folder, "raise ValueError('no such thing')", number="71")
    write_notebook(folder, "import os; os.kill(os.getpid(), 9)", number="72")
    write_notebook(folder, "1 + 1", number="73")
    finishes = FINISHES.format(number="74", folder=str(folder))
    write_notebook(folder, finishes, number="74", metadata={"after": ["71"]})
    with pytest.MonkeyPatch.context() as monkeypatch, open(folder / "out", "w+") as out:
        use_folder(monkeypatch, folder)
        asked = [notebook_run(number, {"scale": "smoke"}) for number in ("71", "72", "73", "74")]
        code = runner.run_all(asked, jobs=2, out=out)
        return code, (folder / "out").read_text(), asked[-1].folder


def test_a_failed_run_makes_the_exit_code_non_zero(failures):
    assert failures[0] == 1


@pytest.mark.parametrize(
    "line",
    [
        r"FAILED 71: cell 3 .*ValueError: no such thing",
        r"FAILED 72: cell 3 .*the kernel died",
        r"FAILED 73: the notebook ended without run.finish\(\)",
    ],
    ids=["error", "dead kernel", "no finish"],
)
def test_a_failure_names_cell_and_error(failures, line):
    assert re.search(line, failures[1])


def test_a_run_whose_predecessor_failed_is_made(failures):
    assert "[4/4] 74: A title: finished" in failures[1]


def test_a_run_starts_after_its_predecessor(failures):
    text = failures[1]
    assert text.index("71: A title: FAILED") < text.index("74: A title: finished")


def test_failures_are_repeated_at_the_end(failures):
    last = [line[:9] for line in failures[1].splitlines()[-3:]]
    assert last == ["FAILED 71", "FAILED 72", "FAILED 73"]


def test_a_run_has_the_threads_of_its_scale(failures):
    assert read_manifest(failures[2])["device"]["threads"] == THREADS["smoke"]


@contextmanager
def running(folder, *words):
    """The command line in a process group of its own, with the notebooks of `folder`."""
    environment = os.environ | {"WORKBOOK_OUTPUTS": str(folder / "outputs")}
    with open(folder / "out", "w") as out:
        process = subprocess.Popen(
            runner_command(folder, *words, "--scale", "smoke"),
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


@pytest.mark.slow
def test_a_killed_kernel_does_not_stop_the_other_run(folder):
    write_notebook(folder, SAVES.format(folder=str(folder / "71")), number="71")
    source = WAITS_FOR_A_FILE.format(folder=str(folder))
    source += WRITES_RECORD.format(number="72", exit="finished")
    write_notebook(folder, source, number="72")
    with running(folder, "run", "71", "72", "--jobs", "2") as process:
        wait_for((folder / "71" / "kernel").exists)
        wait_for((folder / "waits").exists)
        os.kill(int((folder / "71" / "kernel").read_text()), signal.SIGKILL)
        wait_for(lambda: "71: A title: FAILED" in (folder / "out").read_text())
        (folder / "go").touch()
        code = process.wait(120)
    text = (folder / "out").read_text()
    assert (code, "72: A title: finished" in text) == (1, True)


@pytest.fixture(
    scope="module",
    params=[(signal.SIGTERM, False, 143), (signal.SIGINT, True, 130)],
    ids=["SIGTERM", "Ctrl-C"],
)
def interrupted(request, tmp_path_factory):
    """The folder of two runs whose runner was interrupted, its exit code, and the expected one."""
    number, whole_group, expected = request.param
    folder = tmp_path_factory.mktemp("interrupted")
    for name in ("71", "72"):
        write_notebook(folder, SAVES.format(folder=str(folder / name)), number=name)
    with running(folder, "run", "71", "72", "--jobs", "2") as process:
        for name in ("71", "72"):
            wait_for((folder / name / "kernel").exists)
        (os.killpg if whole_group else os.kill)(process.pid, number)
        return folder, process.wait(60), expected


@pytest.mark.slow
def test_an_interrupt_is_the_exit_code(interrupted):
    _, code, expected = interrupted
    assert code == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", ["71", "72"])
def test_an_interrupted_run_saves_its_training(interrupted, name):
    assert (interrupted[0] / name / "saved").exists()


@pytest.mark.slow
@pytest.mark.parametrize("part", ["kernel", "child"])
@pytest.mark.parametrize("name", ["71", "72"])
def test_an_interrupt_leaves_no_process(interrupted, name, part):
    assert not is_alive(interrupted[0] / name / part)


class Fake(RunProcess):
    """A run that ends at once, and what the runner asked for."""

    def __init__(self, run: NotebookRun, gpu_names=()):
        self.run, self.gpu_names = run, tuple(gpu_names)

    seconds = memory_mb = 0.0

    def ended(self):
        return True

    def failure(self):
        return None


@pytest.fixture
def started(folder, monkeypatch):
    """Runs that were started, with their GPUs; none is made."""
    found = []

    def start(run, gpu_names):
        found.append((run.name, list(gpu_names)))
        return Fake(run, gpu_names)

    monkeypatch.setattr(runner, "RunProcess", start)
    monkeypatch.setattr(runner, "POLL_SECONDS", 0.0)
    return found


def make(folder, *numbers, **given):
    asked = [notebook_run(number, {"scale": "smoke"}) for number in numbers]
    with open(folder / "out", "w+") as out:
        code = runner.run_all(asked, out=out, **given)
    return code, (folder / "out").read_text()


def test_each_run_gets_a_gpu_of_its_own(folder, started, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    for number in ("71", "72"):
        write_notebook(folder, number=number)
    make(folder, "71", "72")
    assert [gpu_names for _, gpu_names in started] == [["0"], ["1"]]


def test_a_run_of_several_processes_gets_as_many_gpus(folder, started, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    write_notebook(folder, parameters='scale = "smoke"\nprocesses = 2')
    make(folder, "77")
    assert started == [("77", ["0", "1"])]


def test_finished_runs_are_not_made_again(folder, started):
    write_notebook(folder)
    write_record()
    make(folder, "77")
    assert started == []


def test_finished_runs_are_said_to_be_done(folder, started):
    write_notebook(folder)
    write_record()
    assert "[1/1] 77: A title: done" in make(folder, "77")[1]


def test_fresh_makes_finished_runs_again(folder, started):
    write_notebook(folder)
    write_record()
    make(folder, "77", fresh=True)
    assert [name for name, _ in started] == ["77"]


def test_a_run_of_a_study_may_be_skipped(folder, started):
    write_notebook(folder)
    run = notebook_run("77", {"scale": "smoke"})
    skipped = NotebookRun(
        notebook=run.notebook, parameters=run.parameters, minutes=1.0, skip="no corpus"
    )
    with open(folder / "out", "w+") as out:
        runner.run_all([skipped], out=out)
    assert "[1/1] 77: A title: skipped: no corpus" in (folder / "out").read_text()


def test_progress_has_a_line_for_the_whole(folder, started):
    write_notebook(folder)
    assert "1 of 1 runs done, about 0 min left" in make(folder, "77")[1]


@pytest.mark.parametrize(("peak", "needed"), [(123.0, 123.0), (0.0, 1500.0)])
def test_a_run_needs_what_it_needed_before(folder, peak, needed):
    write_notebook(folder)
    assert runner.needed_memory_mb(write_record(peak_memory_mb=peak)) == needed


def test_the_outcome_has_the_headline(folder):
    write_notebook(folder)
    run = write_record(scores=[score_row(), score_row(system="baseline", value=5.0)])
    assert runner.outcome(run, None).startswith("finished, est→eng BLEU 20.0")


def test_one_run_is_made(folder):
    write_notebook(folder, WRITES_RECORD.format(number="77", exit="finished"))
    run = notebook_run("77", {"scale": "smoke"})
    with open(folder / "out", "w+") as out:
        assert runner.run_one(run, Screen(out)) is None


def test_a_run_of_another_process_is_not_touched(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path))
    run = notebook_run("90", {"scale": "smoke"})
    with lock(run.folder / ".lock", "run 90"):
        assert "run 90" in other_process(run)


def test_a_run_that_nobody_makes_is_free(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path))
    assert other_process(notebook_run("90", {"scale": "smoke"})) == ""
