"""What a disk refuses, in one sentence: it is full, or this user may not write there."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

# the umask can only be read by setting it, which is safe at import, before other threads start
UMASK = os.umask(0)
os.umask(UMASK)

# what libraries say that hide the error of the system: safetensors and tokenizers, SQLite
_FULL = re.compile(r"os error (28|122)\b|No space left|quota exceeded|disk is full", re.IGNORECASE)


class DiskFull(OSError):
    """The disk is full; the message names the file, the free space and the remedy."""


class NotWritable(PermissionError):
    """A folder or file that this user cannot write; the message names it, its owner, a remedy."""


@contextlib.contextmanager
def naming_full_disk(path: Path | str) -> Iterator[None]:
    """Name the file, and what to do, where the block ends for lack of disk space.

    Raises:
        DiskFull: it did.
    """
    try:
        yield
    except Exception as error:
        free = shutil.disk_usage(_existing(Path(path).parent)).free / 1e6
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        full |= "System error" in str(error) and free < 1  # all that libsndfile says
        if isinstance(error, DiskFull) or not (full or _FULL.search(str(error))):
            raise
        message = f"no space left to write {path}: {free:.1f} MB free"
        remedy = "delete old runs under outputs/ and run again"
        raise DiskFull(errno.ENOSPC, f"{message}; {remedy}") from error


@contextlib.contextmanager
def naming_owner(path: Path | str) -> Iterator[None]:
    """Name the path, its owner, and what to do, where the block may not write to it.

    Raises:
        NotWritable: it may not.
    """
    try:
        yield
    except OSError as error:
        refusals = (errno.EACCES, errno.EPERM, errno.EROFS)
        if isinstance(error, NotWritable) or error.errno not in refusals:
            raise
        refused = _existing(Path(path))
        facts = refused.lstat()
        whose = f"{stat.filemode(facts.st_mode)}, of {user_name(facts.st_uid)}"
        raise NotWritable(
            error.errno,
            f"you cannot write to {refused} ({whose}): {error.strerror}; choose folders of your "
            "own by WORKBOOK_OUTPUTS and WORKBOOK_CACHE, or ask its owner to let your group write",
        ) from error


def _existing(path: Path) -> Path:
    return next(each for each in (path, *path.absolute().parents) if os.path.lexists(each))


def user_name(number: int) -> str:
    """The name of a user, or the number of one without a name."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # of another machine or container
        return f"user {number}"
