"""Data from outside within limits: regular files, lines of a length, JSON of a depth."""

from __future__ import annotations

import errno
import io
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

MAX_FILE_BYTES = 512 * 2**20  # read at once; SQuAD's lists, the largest of a corpus, have 42 MB
MAX_LINE_BYTES = 16 * 2**20
MAX_DEPTH = 64  # of arrays and objects within each other
MAX_DIGITS = 20  # of an integer: 64 bits; Python itself would read 4,300

KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotAFile(OSError):
    """A path that leads to a folder, pipe, socket or device; `strerror` says to which."""


class BadData(ValueError):
    """Data that is not what it should be or is beyond a limit.

    The message lacks the place: it goes on after one, as in "list.jsonl:3 is not JSON (...)".
    """


def check_regular(path: Path | str) -> os.stat_result:
    """The facts of a regular file, or of one behind a link, without opening it.

    Raises:
        OSError: it is not there, or (NotAFile) not a file.
    """
    try:
        facts = os.stat(path)
    except ValueError as error:  # NUL, or half of a surrogate pair
        raise NotAFile(errno.EINVAL, "no file can have this name", os.fspath(path)) from error
    _refuse_irregular(facts, path)
    return facts


def open_regular(path: Path | str) -> BinaryIO:
    """Open a regular file, or one behind a link, for reading bytes.

    Whatever else the path may lead to, opening it neither waits nor has an effect.

    Raises:
        OSError: it is not there or not readable, or (NotAFile) not a file.
    """
    check_regular(path)  # opening a device may have effects
    # without waiting, since what was a file a moment ago may be a pipe now
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb")
    try:
        _refuse_irregular(os.fstat(file.fileno()), path)
    except NotAFile:
        file.close()
        raise
    return file


def read_regular(path: Path | str, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """The bytes of a regular file.

    Raises:
        OSError: as `open_regular`.
        BadData: it has more than `max_bytes`.
    """
    with open_regular(path) as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise BadData(f"has more than {max_bytes / 1e6:,.0f} MB")
    return data


def bounded_lines(
    file: io.BufferedIOBase, max_bytes: int = MAX_LINE_BYTES
) -> Iterator[bytes | None]:
    """The lines of a file with their ends, or None for each that is longer than `max_bytes`.

    Memory stays within `max_bytes`, also where a few bytes of gzip open to gigabytes.
    """
    while line := file.readline(max_bytes + 1):
        if len(line) <= max_bytes:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(max_bytes)
        yield None


def parse_json(text: str | bytes) -> Any:
    """Parse JSON of at most `MAX_DEPTH` levels and integers of at most `MAX_DIGITS` digits.

    NaN and infinities are read, since Python writes them: whoever needs a number checks it.

    Raises:
        BadData: it is not JSON or not UTF-8, beyond a limit, names a key twice in one object, or
            holds half a surrogate pair, which no file could be written with.
    """
    try:
        text = text if isinstance(text, str) else text.decode("utf-8")
        value = _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise BadData(f"is not UTF-8 ({error})") from error
    except json.JSONDecodeError as error:
        raise BadData(f"is not JSON ({error})") from error
    except RecursionError:
        raise _too_deep() from None
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(value)
    try:
        text.encode("utf-8")
        if "\\u" in text:  # an escape of JSON, which may be half of a pair
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadData("holds half a surrogate pair, which is not a character") from error
    return value


def _refuse_irregular(facts: os.stat_result, path: Path | str) -> None:
    if not stat.S_ISREG(facts.st_mode):
        kind = next((name for is_kind, name in KINDS if is_kind(facts.st_mode)), "something else")
        raise NotAFile(errno.EINVAL, f"{kind}, not a file", os.fspath(path))


def _too_deep() -> BadData:
    return BadData(f"is JSON of more than {MAX_DEPTH} levels")


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level := [node for node in level if isinstance(node, (dict, list))]:
        depth += 1
        if depth > MAX_DEPTH:
            raise _too_deep()
        level = [x for node in level for x in (node.values() if isinstance(node, dict) else node)]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadData(f"names the key {twice!r:.100} twice")
    return found


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise BadData(f"holds an integer of {len(digits):,} digits")
    return int(digits)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)
