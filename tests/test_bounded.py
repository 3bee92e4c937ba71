"""Files, lines and JSON from outside: what is read, what is refused, and within which memory."""

import gzip
import io
import json
import os
import socket
import tracemalloc

import pytest

from lib import bounded
from lib.bounded import (
    MAX_DEPTH,
    BadData,
    NotAFile,
    bounded_lines,
    check_regular,
    open_regular,
    parse_json,
    read_regular,
)


def pipe(folder):
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def link_to_a_pipe(folder):
    (folder / "link").symlink_to(pipe(folder))
    return folder / "link"


def listening_socket(folder):
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(folder / "socket"))
    return folder / "socket"


@pytest.mark.parametrize(
    "place, kind",
    [
        (lambda folder: folder, "a folder"),
        (pipe, "a named pipe"),
        (link_to_a_pipe, "a named pipe"),
        (listening_socket, "a socket"),
        (lambda folder: "/dev/zero", "a device"),
    ],
    ids=["folder", "pipe", "link", "socket", "device"],
)
def test_what_is_no_file_is_refused_without_waiting(tmp_path, place, kind):
    path = place(tmp_path)
    for read in (check_regular, open_regular, read_regular):
        with pytest.raises(NotAFile) as caught:
            read(path)
        assert caught.value.strerror == f"{kind}, not a file"


def test_a_pipe_in_the_place_of_a_checked_file_is_refused_without_waiting(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded, "check_regular", lambda path: None)
    with pytest.raises(NotAFile, match="a named pipe"):
        open_regular(pipe(tmp_path))


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_no_file_can_have_is_refused(name):
    with pytest.raises(NotAFile, match="no file can have this name"):
        check_regular(name)


@pytest.mark.parametrize("name", [b"a.txt", b"\xff\n.txt"])
def test_a_file_behind_a_link_is_read_whatever_its_name(tmp_path, name):
    (tmp_path / os.fsdecode(name)).write_bytes(b"one")
    (tmp_path / "link").symlink_to(tmp_path / os.fsdecode(name))
    assert read_regular(tmp_path / "link") == b"one"


@pytest.mark.parametrize("path", ["missing", "x" * 300])
def test_a_missing_file_is_an_os_error(tmp_path, path):
    with pytest.raises(OSError, match="No such file|File name too long"):
        read_regular(tmp_path / path)


def test_a_file_beyond_the_limit_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_regular(tmp_path / "a", max_bytes=5) == b"12345"
    with pytest.raises(BadData, match="has more than 0 MB"):
        read_regular(tmp_path / "a", max_bytes=4)


@pytest.mark.parametrize(
    "content, lines",
    [
        (b"", []),
        (b"one\n12345\n\nlast", [b"one\n", b"12345\n", b"\n", b"last"]),
        (b"one\n1234567\nlast\n", [b"one\n", None, b"last\n"]),
        (b"1" * 100 + b"\n" + b"2" * 12, [None, None]),
    ],
)
def test_a_line_beyond_the_limit_is_none(content, lines):
    assert list(bounded_lines(io.BytesIO(content), max_bytes=6)) == lines


def test_memory_of_a_line_that_opens_to_much_is_bounded(tmp_path):
    path, limit = tmp_path / "a.gz", 2**20
    path.write_bytes(gzip.compress(b"one\n" + bytes(50 * limit) + b"\nlast\n", compresslevel=1))
    tracemalloc.start()
    with gzip.open(path) as file:
        assert list(bounded_lines(file, limit)) == [b"one\n", None, b"last\n"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * limit


def nested(depth):
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    "text, problem",
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        (b"\xff", "is not UTF-8"),
        (b"\xef\xbb\xbf{}", "is not JSON"),
        (nested(MAX_DEPTH + 1), f"is JSON of more than {MAX_DEPTH} levels"),
        (nested(100_000), f"is JSON of more than {MAX_DEPTH} levels"),
        ("[" * 100_000, "is JSON of more than"),
        ('{"a":' * 2000 + "1" + "}" * 2000, "is JSON of more than"),
        ("9" * 5000, "holds an integer of 5,000 digits"),
        ('{"a": -' + "9" * 21 + "}", "holds an integer of 22 digits"),
        ('{"a": 1, "b": 2, "a": 3}', "names the key 'a' twice"),
        (r'{"a": "\ud800"}', "holds half a surrogate pair"),
        ('{"a": "\udcff"}', "holds half a surrogate pair"),
        (r'["\udfff\ud800"]', "holds half a surrogate pair"),
    ],
)
def test_json_beyond_a_limit_is_refused(text, problem):
    with pytest.raises(BadData, match=f"^{problem}"):
        parse_json(text)


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True, "ä\u200b😀"], "b": {"a": 18_446_744_073_709_551_615}},
        json.loads(nested(MAX_DEPTH)),
        [{"row": [number]} for number in range(200)],
        "text",
    ],
    ids=["all types", "deepest", "many brackets", "text"],
)
@pytest.mark.parametrize("ascii", [True, False])
def test_json_within_the_limits_is_read(value, ascii):
    text = json.dumps(value, ensure_ascii=ascii)
    assert parse_json(text) == parse_json(text.encode()) == value
