"""Hashes of files' contents, kept with sizes and times, so that a second look only asks for those.

A file counts as unchanged while its size, inode and both times are as they were: `cp -p` and `rsync
-t` set the time of modification to an older one, but nothing sets that of the last change.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from lib.bounded import check_regular
from lib.files import content_hash, file_hash

FILE = "contents.sqlite"  # in the cache
SETTLED_SECONDS = 2.0  # since the last change: times are too coarse to tell two changes at once
PENDING = 1000  # new hashes between two writes, each of which waits for the disk
QUIET_BYTES = 1_000_000_000  # that are read before it is said


def stamp(path: Path | str) -> str:
    """Size, inode, and times of modification and of the last change (ns) of a regular file.

    Raises:
        OSError: it is not there, or no file.
    """
    facts = check_regular(path)
    return f"{facts.st_size} {facts.st_ino} {facts.st_mtime_ns} {facts.st_ctime_ns}"


class Contents:
    """Hashes of files, kept in a folder; where that is not possible they are made each time.

    Use it in a `with` statement, at whose end new hashes are written.
    """

    def __init__(self, folder: Path) -> None:
        self._new: dict[bytes, tuple[str, str]] = {}
        self._read_bytes = 0
        self._base = _connect(folder / FILE)

    def hash(self, path: Path | str) -> str:
        """The SHA-256 of a file.

        Raises:
            OSError: it is not there, no file, or not readable.
        """
        found, key = stamp(path), os.fsencode(os.path.abspath(path))
        known = self._new.get(key) or self._known(key)
        if known and known[0] == found:
            return known[1]
        self._count(path)
        made = file_hash(path, 64)
        facts = os.stat(path)
        settled = time.time() - max(facts.st_mtime, facts.st_ctime) > SETTLED_SECONDS
        if settled and stamp(path) == found:
            self._new[key] = (found, made)
        if len(self._new) >= PENDING:
            self._write()
        return made

    def hash_of_all(self, paths: Iterable[Path], folder: Path) -> str:
        """A hash of the contents of files and of their names within a folder (an absolute path).

        Of what is not there, is no file or not readable, the reason counts.
        """
        rows = []
        # as text: a million paths are sorted and shortened ten times faster
        for path in sorted({os.path.abspath(path) for path in paths}):
            try:
                found = self.hash(path)
            except OSError as error:
                found = error.strerror
            rows.append([os.fsencode(path.removeprefix(f"{folder}/")).hex(), found])
        return content_hash(rows)

    def __enter__(self) -> Contents:
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write()
        if self._base:
            self._base.close()

    def _count(self, path: Path | str) -> None:
        """Say once that much is read, since it takes minutes."""
        before = self._read_bytes
        self._read_bytes += os.stat(path).st_size
        if before <= QUIET_BYTES < self._read_bytes:
            line = "reading the corpus, to notice later what has changed; this is done once"
            print(f"{Path(path).parent}: {line}", file=sys.stderr, flush=True)

    def _known(self, key: bytes) -> tuple[str, str] | None:
        with contextlib.suppress(sqlite3.Error):
            if self._base:
                query = "SELECT stamp, sha256 FROM files WHERE path = ?"
                return self._base.execute(query, [key]).fetchone()
        return None

    def _write(self) -> None:
        rows = [(key, *known) for key, known in self._new.items()]
        # on a full disk, or in another user's folder, a second look is as slow as the first
        with contextlib.suppress(sqlite3.Error):
            if self._base and rows:
                with self._base:
                    self._base.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", rows)
        self._new.clear()


def _connect(path: Path) -> sqlite3.Connection | None:
    """The file of hashes; a damaged one is made again; None where there can be none."""
    with contextlib.suppress(OSError, sqlite3.OperationalError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _opened(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            path.unlink()
            return _opened(path)
    return None


def _opened(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, timeout=60)
    columns = "path BLOB PRIMARY KEY, stamp TEXT, sha256 TEXT"
    try:
        base.execute(f"CREATE TABLE IF NOT EXISTS files ({columns}) WITHOUT ROWID")
    except sqlite3.Error:
        base.close()
        raise
    return base


def files_below(folder: Path) -> Iterator[Path]:
    """Everything in a folder that is no folder, at any depth; linked folders are entered once.

    A folder that cannot be read stands for its content.
    """
    seen, waiting = set(), [folder]
    while waiting:
        here = waiting.pop()
        try:
            facts = os.stat(here)
            entries = list(os.scandir(here)) if (facts.st_dev, facts.st_ino) not in seen else []
        except OSError:
            yield here
            continue
        seen.add((facts.st_dev, facts.st_ino))
        for entry in entries:
            if entry.is_dir():
                waiting.append(Path(entry.path))
            else:
                yield Path(entry.path)
