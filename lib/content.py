"""Hashes of files' contents, kept with sizes and times, so that a second look only asks for those.

A file counts as unchanged while its size, inode and both times are as they were: `cp -p` and `rsync
-t` set the time of modification to an older one, but nothing sets that of the last change.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from lib.files import content_hash, file_hash, stamp
from lib.sqlite_cache import SqliteCache

FILE = "contents.sqlite"  # in the cache
SETTLED_SECONDS = 2.0  # since the last change: times are too coarse to tell two changes at once
PENDING = 1000  # new hashes between two writes, each of which waits for the disk
QUIET_BYTES = 1_000_000_000  # that are read before it is said


class Contents:
    """Hashes of files, kept in a folder; where that is not possible they are made each time.

    Use it in a `with` statement, at whose end new hashes are written.
    """

    def __init__(self, folder: Path) -> None:
        self._new: dict[bytes, bytes] = {}  # path -> stamp and hash
        self._read_bytes = 0
        self._cache = SqliteCache(folder / FILE)

    def hash(self, path: Path | str) -> str:
        """The SHA-256 of a file.

        Raises:
            OSError: it is not there, no file, or not readable.
        """
        found, key = stamp(path), os.fsencode(os.path.abspath(path))
        known = self._new.get(key) or self._cache.get([key]).get(key, b"")
        known_stamp, _, known_hash = known.decode().rpartition(" ")
        if known_stamp == found:
            return known_hash
        self._count(path)
        made = file_hash(path, 64)
        facts = os.stat(path)
        settled = time.time() - max(facts.st_mtime, facts.st_ctime) > SETTLED_SECONDS
        if settled and stamp(path) == found:
            self._new[key] = f"{found} {made}".encode()
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
        self._cache.close()

    def _count(self, path: Path | str) -> None:
        """Say once that much is read, since it takes minutes."""
        before = self._read_bytes
        self._read_bytes += os.stat(path).st_size
        if before <= QUIET_BYTES < self._read_bytes:
            line = "reading the corpus, to notice later what has changed; this is done once"
            print(f"{Path(path).parent}: {line}", file=sys.stderr, flush=True)

    def _write(self) -> None:
        self._cache.put(self._new)
        self._new.clear()


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
