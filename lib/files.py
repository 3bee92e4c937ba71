"""Atomic writes, JSON, content hashes, and a lock that is freed when its owner dies."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# the umask can only be read by setting it, which is safe at import, before other threads start
_UMASK = os.umask(0)
os.umask(_UMASK)


class DiskFull(OSError):
    """The disk is full; the message names the file, the free space and the remedy."""


@contextlib.contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path that replaces `path` if the block succeeds, and is removed if not.

    Works for files and for folders.

    Raises:
        DiskFull: the block ran out of disk space.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        # safetensors creates files that only their owner can read, but a cache may be shared
        files = temporary.rglob("*.safetensors") if temporary.is_dir() else [temporary]
        for file in files:
            file.chmod(0o666 & ~_UMASK)
        if path.is_dir():
            shutil.rmtree(path)
        os.replace(temporary, path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(path.parent).free / 1e6
            message = f"no space left to write {path}: {free:.1f} MB free"
            remedy = "delete old runs under outputs/ and run again"
            raise DiskFull(errno.ENOSPC, f"{message}; {remedy}") from error
        raise
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


def write_text(path: Path | str, text: str) -> Path:
    """Write `text` (UTF-8) to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def write_json(path: Path | str, value: Any) -> Path:
    """Write `value` as indented JSON; NaN raises a ValueError, since it is not valid JSON."""
    return write_text(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def read_json(path: Path | str) -> Any:
    """Read JSON.

    Raises:
        ValueError: the file is not JSON; the message names it.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not valid JSON ({error}); delete it and run again") from error


def content_hash(value: Any, length: int = 12) -> str:
    """A short hash of a value that JSON can hold, the same on every machine."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:length]


def file_hash(path: Path | str, length: int = 12) -> str:
    """A short hash of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:length]


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
        on_wait: called with a message while another process holds the lock.

    Raises:
        RuntimeError: another process still holds the lock.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+", encoding="utf-8") as file:
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    file.seek(0)
                    holder = file.read().strip() or "?"
                    raise RuntimeError(
                        f"{what} is in progress in process {holder}; wait for it or stop it"
                    ) from None
                if on_wait:
                    on_wait(f"waiting for {what}, in progress in another process")
                time.sleep(0.2)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
