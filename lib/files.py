"""Files that are never half written: atomic writes, content hashes and a lock that dies with its owner."""

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

_UMASK = os.umask(0)  # it can only be read by setting it, and only here is there surely no other thread
os.umask(_UMASK)


class DiskFull(OSError):
    """The disk has no room; the message names the file, what is free, and what to do."""


@contextlib.contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary sibling of `path`; it takes the name `path` only if the block succeeds.

    Works for a file and for a folder. On failure nothing of the attempt is left.

    Raises:
        DiskFull: where the block ran out of disk space.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        # safetensors lets nobody but their owner read its files, and the people of a Hub share a cache
        for file in temporary.rglob("*.safetensors") if temporary.is_dir() else [temporary]:
            file.chmod(0o666 & ~_UMASK)
        if path.is_dir():
            shutil.rmtree(path)
        os.replace(temporary, path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(path.parent).free / 1e6
            raise DiskFull(
                errno.ENOSPC, f"no room to write {path}: {free:.1f} MB free; delete old runs under outputs/ and run again"
            ) from error
        raise
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


def write_text(path: Path | str, text: str) -> Path:
    """Write `text` (UTF-8) to `path` in one step."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def write_json(path: Path | str, value: Any) -> Path:
    """Write `value` as readable JSON; NaN is refused, since other readers cannot read it."""
    return write_text(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def read_json(path: Path | str) -> Any:
    """Read JSON, naming the file where it is broken."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not readable as JSON ({error}); delete it and run again") from error


def content_hash(value: Any, length: int = 12) -> str:
    """A short hash of any JSON-able value, the same on every machine."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:length]


def file_hash(path: Path | str, length: int = 12) -> str:
    """A short hash of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:length]


@contextlib.contextmanager
def lock(path: Path | str, what: str, patience: float = 15.0, waits: Callable[[str], None] = lambda line: None) -> Iterator[None]:
    """Hold `path` as a lock; the kernel frees it when this process ends, however it ends.

    Args:
        what: said in the error, such as "run 10".
        patience: seconds to wait for a holder (one that was just killed takes a moment to go).
        waits: told so, again and again, while another process holds it.

    Raises:
        RuntimeError: where another process still holds it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+", encoding="utf-8") as file:
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    file.seek(0)
                    raise RuntimeError(
                        f"{what} is being made by process {file.read().strip() or '?'} already; wait for it or stop it"
                    ) from None
                waits(f"waiting for {what}, which another process is making")
                time.sleep(0.2)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
