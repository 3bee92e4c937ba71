"""A cache in one SQLite file; where the file is damaged, read-only or full, values are missing."""

from __future__ import annotations

import hashlib
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

BUSY_SECONDS = 60.0  # of waiting for another process that writes
COLUMNS = "key BLOB PRIMARY KEY, value BLOB, hash BLOB"


class SqliteCache:
    """Values by key. A value is the one that was stored, or it is missing: nothing is raised.

    Each row has a hash, since SQLite notices damage to its own structure only. A damaged file is
    replaced by an empty one, which is said on stderr.

    Args:
        path: of the file; it and its folder are made where they are missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._base: sqlite3.Connection | None = None
        self._failed = False

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values that are known, of at most 32,000 keys."""
        marks = ",".join("?" * len(keys))
        query = f"SELECT key, value, hash FROM cached WHERE key IN ({marks})"
        rows = self._attempt(lambda base: base.execute(query, keys).fetchall()) or []
        return {key: value for key, value, found in rows if found == _hash(key, value)}

    def put(self, values: Mapping[bytes, bytes]) -> None:
        """Store values, in place of those that keys have."""
        rows = [(key, value, _hash(key, value)) for key, value in values.items()]

        def write(base: sqlite3.Connection) -> None:
            with base:
                base.executemany("INSERT OR REPLACE INTO cached VALUES (?, ?, ?)", rows)

        if rows:
            self._attempt(write)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._base:
            self._base.close()
        self._base = None

    def _attempt(self, act: Callable[[sqlite3.Connection], T]) -> T | None:
        """What `act` returns; where it finds damage, what it returns on an empty file."""
        try:
            try:
                return act(self._connected())
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                if not _is_damage(error):
                    raise
                self.close()
                if not self._failed:
                    print(f"{self.path} is damaged; what it held is made again", file=sys.stderr)
                self.path.unlink()
                return act(self._connected())
        except (OSError, sqlite3.Error):
            self.close()
            self._failed = True
        return None

    def _connected(self) -> sqlite3.Connection:
        if not self._base:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # who has waited once in vain does not wait again for each value
            busy_seconds = 0.0 if self._failed else BUSY_SECONDS
            self._base = sqlite3.connect(self.path, timeout=busy_seconds)
            self._base.text_factory = bytes
            self._base.execute(f"CREATE TABLE IF NOT EXISTS cached ({COLUMNS}) WITHOUT ROWID")
        return self._base


def _is_damage(error: sqlite3.DatabaseError | UnicodeDecodeError) -> bool:
    """Whether the content is at fault, not the disk, the permissions or another process."""
    if isinstance(error, UnicodeDecodeError):  # SQLite quotes what is damaged in its message
        return True
    # SQLITE_ERROR: the statements are right, so what is stored about the table is not
    kinds = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
    return error.sqlite_errorcode & 0xFF in kinds  # without the details of the code


def _hash(key: bytes, value: object) -> bytes:
    # of any value, since damage may have made a number of one
    return hashlib.blake2b(repr((key, value)).encode(), digest_size=8).digest()
