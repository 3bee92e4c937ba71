"""Locks between processes and users: one makes what is missing, the others say whom they wait for.

The kernel frees a lock when its holder dies, however it dies. On NFS that needs version 4, or 3
mounted without `nolock`; with `local_lock=flock` a lock holds on one machine alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from lib.disk import UMASK, naming_owner, user_name
from lib.files import Damaged, read_json, verify

QUIET_SECONDS = 2.0  # of waiting, before it is said
POLL_SECONDS = 0.2
MAX_HOLDER_BYTES = 200


@contextlib.contextmanager
def lock(
    path: Path | str,
    what: str,
    timeout_seconds: float = 15.0,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold `path` as a lock; the kernel frees it when this process ends, however it ends.

    Args:
        what: name of the work in messages, such as "run 10".
        timeout_seconds: how long to wait for another holder; one that was killed needs a moment.
        on_wait: called with a message while another process holds the lock; None: after two seconds
            it is printed to stderr, once for each holder.

    Raises:
        NotWritable: this user cannot write the lock.
        RuntimeError: another process still holds it.
    """
    path = Path(path)
    file = _open(path)
    try:
        said, started = "", time.monotonic()
        while not _taken(file):
            line, waited = f"{what}, in progress in {_holder(file)}", time.monotonic() - started
            if waited > timeout_seconds:
                message = line.replace(", in progress", " is in progress", 1)
                raise RuntimeError(f"{message}; wait for it or stop it")
            if on_wait:
                on_wait(f"waiting for {line}")
            elif waited > QUIET_SECONDS and line != said:
                print(f"waiting for {line}", file=sys.stderr, flush=True)
                said = line
            time.sleep(POLL_SECONDS)
        os.ftruncate(file, 0)
        os.pwrite(file, _own_name().encode(), 0)
        yield
    finally:
        os.close(file)


def _open(path: Path) -> int:
    """Open a lock that only those who may write it can read, since readers could hold it, too."""
    writers = 0o222 & ~UMASK
    mode = writers | writers << 1
    with naming_owner(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    with naming_owner(path):
        # not through a link: the file behind it would be emptied
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, mode)
    facts = os.fstat(file)
    if facts.st_uid == os.getuid() and stat.S_IMODE(facts.st_mode) != mode:  # an older version's
        os.fchmod(file, mode)
    return file


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _own_name() -> str:
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    user = user_name(os.getuid())
    return f"process {os.getpid()} of {user}@{socket.gethostname()} since {since}"


def _holder(file: int) -> str:
    """Who holds a lock, as the holder wrote it; another user may have written anything."""
    text = os.pread(file, MAX_HOLDER_BYTES, 0).decode("utf-8", errors="replace")
    return "".join(c if c.isprintable() else "?" for c in text) or "another process"


@contextlib.contextmanager
def to_make(
    made: Sequence[Path],
    lock_path: Path,
    what: str,
    timeout_seconds: float,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[bool]:
    """Yield whether folders and files of JSON have to be made, since one lacks or is damaged.

    Then this process makes them alone. What is finished is read without the lock, and so without
    the permission to write. Damage is said on stderr.
    """
    if intact(*made):
        yield False
        return
    with lock(lock_path, what, timeout_seconds, on_wait):
        # another process may have made it in the meantime
        yield not intact(*made, say=True)


def intact(*paths: Path, say: bool = False) -> bool:
    """True where folders and files of JSON are there and are what was written.

    Args:
        say: damage is printed to stderr.
    """
    try:
        for path in paths:
            if path.is_dir():
                verify(path)
            else:
                read_json(path)
    except FileNotFoundError:
        return False
    except Damaged as error:
        if say:
            print(f"{error.damage}; it is made again", file=sys.stderr)
        return False
    return True
