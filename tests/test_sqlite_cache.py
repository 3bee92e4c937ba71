"""Values in SQLite are those that were stored or missing, whatever happens to the file."""

import random
import sqlite3
import time

import pytest

from lib import sqlite_cache
from lib.sqlite_cache import SqliteCache
from tests.disks import mounted

VALUES = {b"clip %d \xff" % number: bytes([number]) * 80 for number in range(60)}


@pytest.fixture
def path(tmp_path):
    """A file of `VALUES`."""
    path = tmp_path / "cache" / "a.sqlite"
    store(path, VALUES)
    return path


def store(path, values):
    cache = SqliteCache(path)
    cache.put(values)
    cache.close()


def stored(path):
    cache = SqliteCache(path)
    found = cache.get(list(VALUES))
    cache.close()
    return found


def test_values_are_those_that_were_stored_last(path):
    store(path, {b"clip 0 \xff": b"new"})
    assert stored(path) == VALUES | {b"clip 0 \xff": b"new"}


def damaged(whole, rng):
    data = bytearray(whole)
    at = rng.randrange(len(data))
    match rng.choice(["a byte", "a byte of the schema", "a block", "the rest"]):
        case "a byte":
            data[at] ^= 1 << rng.randrange(8)
        case "a byte of the schema":
            data[at % 4096] = rng.randrange(256)
        case "a block":
            data[at : at + 512] = bytes(len(data[at : at + 512]))
        case "the rest":
            del data[at:]
    return data


@pytest.mark.parametrize("seed", range(5))
def test_damage_never_gives_a_wrong_value_nor_an_error(path, seed):
    whole, rng = path.read_bytes(), random.Random(seed)
    for _ in range(20):
        path.write_bytes(damaged(whole, rng))
        assert stored(path).items() <= VALUES.items()
        store(path, VALUES)
        assert stored(path).items() <= VALUES.items()


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" * 100])
def test_a_damaged_file_is_named_and_made_again(path, capsys, content):
    path.write_bytes(content)
    assert stored(path) == {}
    assert capsys.readouterr().err == f"{path} is damaged; what it held is made again\n"
    store(path, VALUES)
    assert stored(path) == VALUES


def test_a_value_that_was_changed_is_missing(path):
    """SQLite has no hashes of what it stores."""
    path.write_bytes(path.read_bytes().replace(VALUES[b"clip 7 \xff"], b"x" * 80))
    assert stored(path).keys() == VALUES.keys() - {b"clip 7 \xff"}


def test_a_damaged_message_of_sqlite_is_no_error(path):
    """It quotes the schema, where the damage may be no UTF-8."""
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE", b"\xffREATE TABLE"))
    assert stored(path) == {}


def test_nothing_is_known_where_there_can_be_no_file(tmp_path):
    (tmp_path / "file").touch()
    store(tmp_path / "file" / "a.sqlite", VALUES)
    assert stored(tmp_path / "file" / "a.sqlite") == {}


def test_what_a_full_disk_holds_stays(tmp_path):
    with mounted(tmp_path, "64k"):
        store(tmp_path / "a.sqlite", VALUES)
        store(tmp_path / "a.sqlite", {b"%d" % number: bytes(1000) for number in range(100)})
        assert stored(tmp_path / "a.sqlite") == VALUES


def test_another_process_that_writes_is_waited_for_once(path, monkeypatch):
    monkeypatch.setattr(sqlite_cache, "BUSY_SECONDS", 0.5)
    writer = sqlite3.connect(path)
    writer.execute("BEGIN EXCLUSIVE")
    started, cache = time.monotonic(), SqliteCache(path)
    assert [cache.get(list(VALUES)) for _ in range(20)] == [{}] * 20
    assert 0.5 <= time.monotonic() - started < 2
    writer.rollback()
    assert cache.get(list(VALUES)) == VALUES


def test_a_reader_that_never_ends_holds_nobody_up(path, monkeypatch):
    monkeypatch.setattr(sqlite_cache, "BUSY_SECONDS", 0.1)
    reader = sqlite3.connect(path)
    reader.execute("SELECT key FROM cached").fetchone()
    store(path, {b"new": b"value"})
    assert stored(path) == VALUES
    reader.close()
