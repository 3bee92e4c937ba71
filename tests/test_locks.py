"""Locks: who holds them, who can, and what is read without one."""

import os
import re
import subprocess
import sys

import pytest

from lib.files import write_json
from lib.locks import lock, to_make

HOLDER = """
import sys, time
from lib.locks import lock
with lock(sys.argv[1], "run 10"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock "l" in `tmp_path`."""
    command = [sys.executable, "-c", HOLDER, tmp_path / "l"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_held_lock_names_its_holder(holder, tmp_path):
    who = f"run 10 is in progress in process {holder.pid} of .*@.* since 20.* UTC; wait for it"
    with pytest.raises(RuntimeError, match=who), lock(tmp_path / "l", "run 10", 0.1):
        pass


def test_waiting_for_a_lock_is_reported(holder, tmp_path):
    lines = []
    with pytest.raises(RuntimeError), lock(tmp_path / "l", "run 10", 0.3, lines.append):
        pass
    (line,) = set(lines)
    assert re.match(f"waiting for run 10, in progress in process {holder.pid} of ", line)


def test_waiting_is_said_once_on_stderr(holder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("lib.locks.QUIET_SECONDS", 0.1)
    with pytest.raises(RuntimeError), lock(tmp_path / "l", "run 10", 1.0):
        pass
    assert capsys.readouterr().err.count("waiting for run 10") == 1


def test_a_lock_is_freed_when_its_holder_is_killed(holder, tmp_path):
    holder.kill()
    with lock(tmp_path / "l", "run 10", timeout_seconds=5):
        assert f"process {os.getpid()} of" in (tmp_path / "l").read_text()


def test_only_who_may_write_a_lock_can_read_it(tmp_path):
    (tmp_path / "old").touch(mode=0o644)
    for name in ("new", "old"):
        with lock(tmp_path / name, "work"):
            mode = (tmp_path / name).stat().st_mode & 0o777
            assert mode & 0o444 == (mode & 0o222) << 1


def test_what_a_holder_wrote_is_printed_without_control_characters(tmp_path):
    with lock(tmp_path / "l", "work"):
        (tmp_path / "l").write_bytes(b"\x1b[31m\xff" + b"x" * 10_000)
        with pytest.raises(RuntimeError) as found, lock(tmp_path / "l", "work", 0.1):
            pass
    assert "\x1b" not in str(found.value)
    assert len(str(found.value)) < 400


def test_a_lock_is_not_taken_through_a_link(tmp_path):
    (tmp_path / "mine").write_text("keep")
    (tmp_path / "l").symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="l'"), lock(tmp_path / "l", "work"):
        pass
    assert (tmp_path / "mine").read_text() == "keep"


def make(folder):
    with to_make([folder / "a.json"], folder / "l", "work", 5.0) as missing:
        if missing:
            write_json(folder / "a.json", {"a": 1}, sealed=True)
    return missing


def test_what_lacks_is_made_once(tmp_path):
    assert [make(tmp_path), make(tmp_path)] == [True, False]


def test_what_is_damaged_is_named_and_made_again(tmp_path, capsys):
    make(tmp_path)
    (tmp_path / "a.json").write_text((tmp_path / "a.json").read_text().replace("1", "2", 1))
    assert make(tmp_path)
    assert re.search("a.json was changed .*; it is made again", capsys.readouterr().err)


def test_what_is_finished_is_read_while_another_holds_the_lock(tmp_path):
    make(tmp_path)
    with lock(tmp_path / "l", "work"):
        assert not make(tmp_path)
