"""Runs as real processes with real kernels."""

import json
import math
import os
import time
from pathlib import Path

import psutil
import pytest

from lib.workbook.manifest_reader import read_manifest
from lib.workbook.plan import notebook_run
from lib.workbook.run_process import RunProcess, last_cell, progress_line, stop_all
from tests.workbook.cases import SAVES, WRITES_RECORD, use_folder, write_notebook

pytestmark = pytest.mark.slow  # it trains, or starts processes


@pytest.fixture
def folder(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    return tmp_path


def is_alive(path):
    """Whether the process whose id is in a file is alive."""
    try:
        return psutil.Process(int(path.read_text())).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"nothing happened for {seconds} s"
        time.sleep(0.1)


@pytest.fixture
def temporary(tmp_path_factory):
    """A folder for what runs need while they go on."""
    return tmp_path_factory.mktemp("t")


@pytest.fixture
def saving(folder, temporary, monkeypatch):
    """A run whose kernel saves when it is told to end, in the middle of its training."""
    monkeypatch.setenv("TMPDIR", str(temporary))
    write_notebook(folder, SAVES.format(folder=str(folder / "77")))
    process = RunProcess(notebook_run("77", {"scale": "smoke"}), timeout_seconds=math.inf)
    wait_for(lambda: (folder / "77" / "kernel").exists())
    yield process
    stop_all()


def test_a_run_over_its_time_is_stopped(saving):
    saving.timeout_seconds = 0.5
    assert saving.ended()
    assert "stopped after the limit of 0.5 s in cell 3" in saving.failure()


def test_a_stopped_run_may_save_first(saving, folder):
    stop_all()
    assert (folder / "77" / "saved").exists()


def test_nothing_of_a_stopped_run_is_left(saving, folder, temporary):
    assert list(temporary.iterdir())
    stop_all()
    assert not any(is_alive(folder / "77" / name) for name in ("kernel", "child"))
    assert list(temporary.iterdir()) == []


def test_a_run_whose_runner_was_killed_saves_and_ends(saving, folder, temporary):
    saving.process.stdin.close()  # as the kernel does with all that a killed process had open
    wait_for(lambda: saving.process.poll() is not None)
    assert (folder / "77" / "saved").exists()
    assert not any(is_alive(folder / "77" / name) for name in ("kernel", "child"))
    assert list(temporary.iterdir()) == []


def test_a_running_run_has_not_ended(saving):
    assert not saving.ended()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b"null", b"\xff", b"{}", b'{"line": null}', b'{"cell": [1]}', b"[" * 9999],
)
@pytest.mark.parametrize("name", ["progress.json", "cell.json"])
def test_damaged_progress_is_no_error(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert isinstance(progress_line(tmp_path), str)


def test_progress_that_is_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "progress.json")
    os.mkfifo(tmp_path / "cell.json")
    assert progress_line(tmp_path) == "starting"


@pytest.mark.parametrize("name", ["log.txt", "notebook.ipynb", "manifest.json"])
def test_a_run_writes_nothing_behind_a_link(folder, name):
    """Such as one in the folder of a run that somebody else sent."""
    write_notebook(folder, WRITES_RECORD.format(number="77", exit="finished"))
    run = notebook_run("77", {"scale": "smoke"})
    run.folder.mkdir(parents=True)
    (folder / "mine").write_text("mine")
    (run.folder / name).symlink_to(folder / "mine")
    process = RunProcess(run)
    wait_for(process.ended)
    assert process.failure() is None
    assert (folder / "mine").read_text() == "mine"


def test_braces_in_the_folder_of_outputs_are_no_parameters(tmp_path, monkeypatch):
    folder = tmp_path / "{scale} {0} {"
    folder.mkdir()
    use_folder(monkeypatch, folder)
    write_notebook(folder, WRITES_RECORD.format(number="77", exit="finished"))
    process = RunProcess(notebook_run("77", {"scale": "smoke"}))
    wait_for(process.ended)
    assert process.failure() is None
    assert (process.run.folder / "notebook.ipynb").exists()


CONNECTION = """
import json
from pathlib import Path
from ipykernel.connect import get_connection_info
Path({path!r}).write_text(get_connection_info())
"""


@pytest.mark.parametrize(("name", "transport"), [("/tmp", "ipc"), ("t" * 90, "tcp")])
def test_a_kernel_has_unix_sockets_where_their_paths_are_short(
    folder, monkeypatch, name, transport
):
    """Two kernels that start at once may take each other's TCP port, and die of it."""
    (folder / name).mkdir(exist_ok=True)  # /tmp stays /tmp
    monkeypatch.setenv("TMPDIR", str(folder / name))
    path = str(folder / "connection.json")
    source = CONNECTION.format(path=path) + WRITES_RECORD.format(number="77", exit="finished")
    write_notebook(folder, source)
    process = RunProcess(notebook_run("77", {"scale": "smoke"}))
    wait_for(process.ended)
    assert process.failure() is None
    assert json.loads(Path(path).read_text())["transport"] == transport


def test_the_memory_of_kernel_and_papermill_is_measured(saving):
    assert saving.memory_mb > 50


def test_a_failure_is_written_into_the_record(folder):
    source = WRITES_RECORD.format(number="77", exit="running")
    write_notebook(folder, source + "raise ValueError('no such thing')")
    process = RunProcess(notebook_run("77", {"scale": "smoke"}))
    wait_for(process.ended)
    failure = process.failure()
    assert read_manifest(process.run.folder)["exit"] == f"failed: {failure}"


def test_the_cell_is_read_from_the_folder(tmp_path):
    (tmp_path / "cell.json").write_text(json.dumps({"cell": 3, "first_line": "x = 1", "at": 0}))
    assert last_cell(tmp_path) == "cell 3 (x = 1)"


def test_before_the_first_cell_a_run_is_starting(tmp_path):
    assert progress_line(tmp_path) == "starting"


def test_progress_says_more_than_the_cell(tmp_path):
    (tmp_path / "progress.json").write_text(json.dumps({"line": "st 3/100", "at": 0}))
    assert progress_line(tmp_path) == "st 3/100"
