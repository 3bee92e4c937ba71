"""A cache that several users and containers share: real users, and real containers."""

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from lib.files import atomic_path, write_text
from lib.locks import lock, to_make
from lib.sqlite_cache import SqliteCache
from lib.workbook.paths import ROOT
from tests.disks import OtherUsersError, as_user, start_as

ANNA, BERT = 23001, 23002  # users without a name
CLASS = 23100  # a group


def make(cache, content):
    """What lies in the cache, made now where it is not there."""
    folder = cache / "made"
    with to_make([folder], cache / ".made.lock", "made", 5.0) as missing:
        if missing:
            with atomic_path(folder) as new:
                new.mkdir()
                (new / "x").write_text(content)
    return (folder / "x").read_text()


@pytest.fixture
def cache():
    """A folder of Anna's that every user can reach; nobody else can enter pytest's own."""
    if os.getuid():
        pytest.skip("only root can be another user")
    with TemporaryDirectory() as reachable:
        Path(reachable).chmod(0o755)
        folder = Path(reachable, "cache")
        folder.mkdir(mode=0o755)
        os.chown(folder, ANNA, CLASS)
        yield folder


def test_what_another_user_finished_is_read(cache):
    assert as_user(ANNA, CLASS, make, cache, "anna") == "anna"
    assert as_user(BERT, CLASS, make, cache, "bert") == "anna"


def exchange(cache, value):
    """The value that is known, and then this one, if it can be stored."""
    values = SqliteCache(cache / "a.sqlite")
    known = values.get([b"key"])
    values.put({b"key": value.encode()})
    return known.get(b"key", b"").decode()


def test_values_of_another_user_are_read_and_stay(cache):
    assert as_user(ANNA, CLASS, exchange, cache, "anna") == ""
    assert as_user(BERT, CLASS, exchange, cache, "bert") == "anna"
    assert as_user(ANNA, CLASS, exchange, cache, "anna") == "anna"


def test_what_cannot_be_written_is_one_clear_error(cache):
    who = rf"NotWritable: .*cannot write to {cache} \(drwxr-xr-x, of user {ANNA}\): Permission"
    with pytest.raises(OtherUsersError, match=f"{who} denied; .*WORKBOOK_CACHE"):
        as_user(BERT, CLASS, make, cache, "bert")


def test_a_reader_cannot_hold_a_lock(cache):
    as_user(ANNA, CLASS, make, cache, "anna")
    with pytest.raises(OtherUsersError, match="PermissionError"):
        as_user(BERT, CLASS, lambda: fcntl.flock(open(cache / ".made.lock"), fcntl.LOCK_EX))


def test_a_group_that_may_write_shares_a_cache(cache):
    cache.chmod(0o2775)
    assert as_user(ANNA, CLASS, make, cache, "anna", umask=0o002) == "anna"
    (cache / "made" / "x").write_text("damaged")
    assert as_user(BERT, CLASS, make, cache, "bert", umask=0o002) == "bert"
    assert (cache / "made" / "x").stat().st_mode & 0o777 == 0o664


def plant_links(cache):
    """Put links to a file of Anna's wherever a temporary file may be about to lie."""
    while not (cache / "stop").exists():
        for name in os.listdir(cache):
            with contextlib.suppress(OSError):
                os.symlink(cache.parent / "mine", cache / name / "a")


def write_often(cache):
    for number in range(200):
        write_text(cache / "a", str(number))


def test_nobody_can_plant_a_link_where_a_file_is_written(cache):
    cache.chmod(0o2777)
    mine = cache.parent / "mine"
    mine.write_text("keep")
    os.chown(mine, ANNA, CLASS)
    attacker = start_as(BERT, CLASS, plant_links, cache)
    as_user(ANNA, CLASS, write_often, cache)
    (cache / "stop").touch()
    attacker()
    assert (mine.read_text(), (cache / "a").read_text()) == ("keep", "199")


def hold(cache):
    with lock(cache / "l", "work"):
        while not (cache / "stop").exists():
            time.sleep(0.05)


def test_a_waiter_says_for_which_user_it_waits(cache):
    cache.chmod(0o2775)
    holder = start_as(ANNA, CLASS, hold, cache, umask=0o002)
    while not (cache / "l").exists() or not (cache / "l").read_text():
        time.sleep(0.05)
    with pytest.raises(RuntimeError, match=f"in process .* of user {ANNA}@.*; wait for it"):
        with lock(cache / "l", "work", 0.3):
            pass
    (cache / "stop").touch()
    holder()


IN_CONTAINER = """
import os, sys
from lib.files import read_json, write_json
assert os.getpid() < 10
for number in range(200):
    write_json(sys.argv[1], [sys.argv[2]] * 1000)
    assert len(set(read_json(sys.argv[1]))) == 1
"""


def test_processes_of_two_containers_with_one_number_write_one_file(tmp_path):
    unshare = ["unshare", "--pid", "--fork", "--kill-child"]
    if subprocess.run([*unshare, "true"], check=False).returncode:
        pytest.skip("cannot make a container here")
    command = [*unshare, sys.executable, "-c", IN_CONTAINER, tmp_path / "a.json"]
    processes = [subprocess.Popen([*command, name], cwd=ROOT) for name in ("one", "two")]
    assert [process.wait() for process in processes] == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
