"""Files that are whole or not there: atomic writes, JSON, and hashes that tell damage.

Nothing here needs more of a file system than that renaming within a folder is one step, which holds
on NFS too. What is replaced while another process reads it stays readable there until it is closed.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lib.bounded import BadData, NotAFile, check_regular, parse_json, read_regular
from lib.cgroup import usable_cores
from lib.disk import UMASK, naming_full_disk, naming_owner

HASHES = "hashes.json"  # in a folder that was written as a whole: file -> size and SHA-256
SEAL = "sha256"  # key in sealed JSON: the hash of the rest
CHANGED = "was changed after it was written, since its hash is another"
PART = ".part"  # end of the names of temporary folders
MAX_NAME_BYTES = 200  # of a target's name in that of its temporary folder; the limit is 255
STALE_SECONDS = 24 * 3600.0  # a temporary folder so old belongs to a process that was killed


class Damaged(ValueError):
    """A file is not what was written; the message names it, the damage and the remedy.

    Attributes:
        damage: the message without the remedy, for who makes the file again.
    """

    def __init__(self, damage: str, remedy: str = "delete it and run again") -> None:
        super().__init__(f"{damage}; {remedy}")
        self.damage = damage


@contextlib.contextmanager
def atomic_path(path: Path | str, hashes: bool = True) -> Iterator[Path]:
    """Yield a temporary path that replaces `path` if the block succeeds, and is removed if not.

    Works for files and for folders. The path lies in a new folder that only this user can enter, so
    that nobody can put a link there; what killed processes of this user left is removed.

    Args:
        hashes: a folder gets `hashes.json`, which `verify` compares.

    Raises:
        DiskFull: the block ran out of disk space.
        NotWritable: this user cannot write there.
    """
    path = Path(path)
    with naming_owner(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(path)
        staging = Path(tempfile.mkdtemp(PART, f"{_prefix(path)}.", path.parent))
    made = staging / path.name
    try:
        with naming_full_disk(path):
            yield made
            _share(made)
            if hashes and made.is_dir():
                _write_hashes(made)
        with naming_owner(path.parent):
            if path.is_dir() and made.is_dir():  # a folder cannot replace one that holds something
                os.rename(path, staging / f"{path.name[:MAX_NAME_BYTES]}.old")
            os.replace(made, path)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _prefix(path: Path) -> str:
    return os.fsdecode(b"." + os.fsencode(path.name)[:MAX_NAME_BYTES])


def _share(made: Path) -> None:
    """Give files the permissions of the umask: safetensors hides its own from others."""
    for file in made.rglob("*") if made.is_dir() else [made]:
        if file.is_file() and not file.is_symlink():
            file.chmod(0o666 & ~UMASK)


def _remove_stale(path: Path) -> None:
    for name in _parts(path.parent):
        if name.startswith(f"{_prefix(path)}."):
            part = path.parent / name
            with contextlib.suppress(OSError):
                facts = part.lstat()
                old = time.time() - facts.st_mtime > STALE_SECONDS
                if old and facts.st_uid == os.getuid() and stat.S_ISDIR(facts.st_mode):
                    shutil.rmtree(part)


@functools.cache  # looked for once in each folder: some hold a hundred thousand files
def _parts(folder: Path) -> list[str]:
    return [entry.name for entry in os.scandir(folder) if entry.name.endswith(PART)]


def write_text(path: Path | str, text: str) -> Path:
    """Write `text` (UTF-8) to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def write_json(path: Path | str, value: Any, sealed: bool = False) -> Path:
    """Write `value` as indented JSON; NaN raises a ValueError, since it is not valid JSON.

    Args:
        sealed: an object gets its hash, which `read_json` compares and takes out again.
    """
    if sealed:
        value = {**value, SEAL: content_hash(json.loads(json.dumps(value)), 64)}
    return write_text(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def read_json(path: Path | str) -> Any:
    """Read JSON, without its seal.

    Raises:
        OSError: it is not there, or not readable.
        Damaged: it is no file, not JSON, or not what was sealed.
    """
    try:
        value = parse_json(read_regular(path))
    except NotAFile as error:
        raise Damaged(f"{path} is {error.strerror}") from error
    except BadData as error:
        raise Damaged(f"{path} {error}") from error
    if isinstance(value, dict) and SEAL in value:
        seal = value.pop(SEAL)
        if content_hash(value, 64) != seal:
            raise Damaged(f"{path} {CHANGED}")
    return value


_NOT_AS_WRITTEN = (
    *(LookupError, TypeError, ValueError, AttributeError, EOFError),
    *(FileNotFoundError, zlib.error, gzip.BadGzipFile),
)


@contextlib.contextmanager
def as_written(path: Path | str) -> Iterator[None]:
    """Name a file, or a folder, whose content is not what the block expects.

    Raises:
        Damaged: the block raised an error of such a kind.
    """
    try:
        yield
    except Damaged:
        raise
    except _NOT_AS_WRITTEN as error:
        what = f"{type(error).__name__}: {error}"
        raise Damaged(f"{path} is damaged ({what})") from error


def content_hash(value: Any, length: int = 12) -> str:
    """A short hash of a value that JSON can hold, the same on every machine."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:length]


def file_hash(path: Path | str, length: int = 12) -> str:
    """A short hash of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:length]


def stamp(path: Path | str) -> str:
    """Size, inode, and times of modification and of the last change (ns) of a regular file.

    Raises:
        OSError: it is not there, or no file.
    """
    facts = check_regular(path)
    return f"{facts.st_size} {facts.st_ino} {facts.st_mtime_ns} {facts.st_ctime_ns}"


def _write_hashes(folder: Path) -> None:
    """Write the sizes and hashes of all files of a folder into it."""
    names = [name for name in _names(folder) if name != HASHES]
    write_json(folder / HASHES, _file_facts(folder, names), sealed=True)


def _file_facts(folder: Path, names: list[str]) -> dict[str, tuple[int, str]]:
    def facts(name: str) -> tuple[int, str]:
        return os.stat(folder / name).st_size, file_hash(folder / name, 64)

    with ThreadPoolExecutor(usable_cores()) as threads:  # hashing holds no lock of Python
        return dict(zip(names, threads.map(facts, names), strict=True))


_verified: dict[str, dict[str, str]] = {}  # folder -> the stamps of its files when compared


def verify(folder: Path | str) -> None:
    """Compare a folder with the hashes that `atomic_path` wrote.

    In a process it is compared once, and again where the size or a time of a file has changed. A
    folder without hashes, which an older version wrote, is taken as it is.

    Raises:
        Damaged: a file is missing, or is not what was written.
    """
    folder = Path(folder)
    if not (folder / HASHES).exists():
        return
    stamps = {name: stamp(folder / name) for name in _names(folder)}
    if _verified.get(os.path.abspath(folder)) == stamps:
        return
    with as_written(folder / HASHES):
        wanted = {name: tuple(known) for name, known in read_json(folder / HASHES).items()}
    remedy = f"delete {folder} and run again"
    for name in wanted:
        if not (folder / name).is_file():
            raise Damaged(f"{folder / name} is missing", remedy)
    for name, found in _file_facts(folder, list(wanted)).items():
        if found != wanted[name]:
            raise Damaged(f"{folder / name} {CHANGED}", remedy)
    _verified[os.path.abspath(folder)] = stamps


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
