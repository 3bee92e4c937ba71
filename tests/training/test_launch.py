"""Processes under torchrun, without torch in the functions that they call."""

import json
import os
import subprocess

import pytest

from lib.training.launch import RankDied, _call_file, _cause, _read_call, _report, launch

FUNCTIONS = "tests.training.rank_functions"


def launched(function, folder, arguments=None, callback=lambda progress: None):
    launch(f"{FUNCTIONS}:{function}", arguments or {}, 2, folder, callback)


def running(folder):
    """The processes that name the folder in their command line."""
    command = ["pgrep", "-f", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@pytest.fixture(scope="module")
def progress(tmp_path_factory):
    """What the callback received of a training of three updates."""
    found = []
    folder = tmp_path_factory.mktemp("finish")
    launched("finish", folder, {"updates": 3}, found.append)
    return found


@pytest.mark.slow
def test_the_callback_receives_the_last_update(progress):
    assert progress[-1].update == 3


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """The error of a training whose process 1 fails, and its folder."""
    folder = tmp_path_factory.mktemp("fail")
    with pytest.raises(RankDied) as caught:
        launched("fail", folder)
    return str(caught.value), folder


@pytest.mark.slow
def test_the_error_of_a_failed_process_is_raised(failed):
    assert "process 1 failed: OSError: the GPU fell off the bus" in failed[0]


@pytest.mark.slow
def test_the_other_processes_are_stopped(failed):
    assert not running(failed[1])


@pytest.mark.slow
def test_a_killed_process_is_named_with_its_signal(tmp_path):
    with pytest.raises(RankDied, match="process 1 was killed by SIGKILL, perhaps out of memory"):
        launched("kill", tmp_path)


@pytest.mark.slow
def test_an_interrupt_stops_all_processes(tmp_path):
    def interrupt(_progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launched("report_and_wait", tmp_path, callback=interrupt)
    assert not running(tmp_path)


def write_error(folder, rank, time, error):
    facts = {"rank": rank, "time": time, "error": error}
    (folder / f"error-{rank}.json").write_text(json.dumps(facts))


def test_the_first_error_is_the_cause(tmp_path):
    write_error(tmp_path, 0, 2.0, "ValueError: second")
    write_error(tmp_path, 1, 1.0, "ValueError: first")
    assert "process 1 failed: ValueError: first" in _cause(tmp_path, 1)


def test_a_lost_connection_is_not_the_cause(tmp_path):
    write_error(tmp_path, 0, 1.0, "RuntimeError: Connection closed by peer")
    write_error(tmp_path, 1, 2.0, "ValueError: real")
    assert "process 1 failed: ValueError: real" in _cause(tmp_path, 1)


def test_without_any_note_the_exit_code_is_named(tmp_path):
    (tmp_path / "log.txt").write_text("")
    assert "torchrun ended with exit code 7" in _cause(tmp_path, 7)


def test_the_call_lies_where_nobody_else_can_write(tmp_path):
    with _call_file("module:name", {"a": 1}) as path:
        facts = path.parent.stat()
        assert (facts.st_mode & 0o777, facts.st_uid) == (0o700, os.getuid())
        assert _read_call(path) == ("module:name", {"a": 1})
    assert not path.parent.exists()


@pytest.mark.parametrize("change", [lambda p: p.chmod(0o770), lambda p: os.chown(p, 12345, 12345)])
def test_a_call_where_others_can_write_is_not_run(change):
    if os.getuid():
        pytest.skip("only root can give a file away")
    with _call_file("os:abort", {}) as path:
        change(path.parent)
        with pytest.raises(PermissionError, match="is not a private folder of this user"):
            _read_call(path)


@pytest.mark.parametrize("content", ["", "{", "{}", "[1]", '{"update": 1}'])
def test_damaged_progress_is_not_reported(tmp_path, content):
    (tmp_path / "progress.json").write_text(content)
    found = []
    assert _report(tmp_path, found.append, 0.0) == 0.0
    assert not found
