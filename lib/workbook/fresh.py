"""Deletes runs and the systems that they trained, says so before, and deletes nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from fnmatch import fnmatch
from pathlib import Path

from lib.files import HASHES, PART
from lib.locks import lock
from lib.systems.registry import SYSTEMS
from lib.workbook.identity import own_record
from lib.workbook.notebooks import BadParameter
from lib.workbook.paths import cache
from lib.workbook.plan import RUN_FILES, NotebookRun

MARKERS = ("system.json", "training.csv")  # files of a system, trained or in training
# what the workbook writes into the folder of a system
SYSTEM_FILES = (
    *(*MARKERS, "done.json", "rehearsal.json", "dropped-*.json", "listening.jsonl"),
    *("signals.jsonl", "best.safetensors", "candidates/*.safetensors", "checkpoint/*", "launch/*"),
    *("outputs/*.json", "shifted-*/outputs/*.json", "tensorboard/*tfevents*", HASHES),
)
# and into that of a run: some notebooks train there (00 and 10), and 62 keeps its timings; rating
# sheets are not among it, since people fill them in
OWN_RUN_FILES = (
    *(*RUN_FILES, "figures/*.png", "pages/*.html", "timings.csv", "again/.*.lock"),
    *(f"{own}/{name}" for own in ("gmu-*", "text-*", "again/gmu-*") for name in SYSTEM_FILES),
)
# and what killed processes, NFS and Jupyter leave
LEFT_OVER = (f"*.*{PART}/*", "*.nfs*", "*.ipynb_checkpoints/*")
LOCK_SECONDS = 1.0  # the lock of a process that was just killed takes a moment to go


def delete_runs(runs: Iterable[NotebookRun], say: Callable[[str], None] = print) -> None:
    """Delete runs with the systems that their records name; the notebooks share systems.

    Args:
        say: is told what will be deleted, before it is, and what is left for which reason.

    Raises:
        BadParameter: a process is making one of the runs; nothing was deleted.
    """
    existing = list({run.folder: run for run in runs if os.path.lexists(run.folder)}.values())
    with ExitStack() as held:
        for run in existing:
            if _link_or_file(run.folder):
                continue
            try:
                held.enter_context(lock(run.folder / ".lock", f"run {run.name}", LOCK_SECONDS))
            except RuntimeError as error:
                raise BadParameter(f"--fresh would delete a run in progress: {error}") from error
        named = {
            cache() / name: run.name
            for run in existing
            for name in (own_record(run) or {}).get("systems", {}).values()
        }
        systems = _deletable(named, _reason_to_keep, say)
        folders = _deletable({run.folder: run.name for run in existing}, _not_a_run, say)
        for kind, found in (("systems", systems), ("runs", folders)):
            if found:
                names = ", ".join(folder.name for folder in found)
                say(f"--fresh deletes {len(found)} {kind} in {found[0].parent}: {names}")
        for folder in systems:
            _delete_system(folder, say)
        for folder in folders:
            _delete(folder, say)


def _deletable(
    named: dict[Path, str], reason_to_keep: Callable[[Path], str], say: Callable[[str], None]
) -> list[Path]:
    """The folders that may be deleted; of the others it is said why not."""
    found = []
    for folder, run in named.items():
        if reason := reason_to_keep(folder):
            say(f"{folder} (named in run {run}) was not deleted: {reason}")
        elif folder.exists():
            found.append(folder)
    return found


def _reason_to_keep(folder: Path) -> str:
    """Why a folder must not be deleted; empty where it is a system that this workbook trained."""
    try:
        if not os.path.lexists(folder):
            return ""
        if folder.is_symlink() or folder.resolve().parent != cache():
            return f"it is not directly in {cache()}"
    except (OSError, ValueError) as error:  # a name that is too long, or holds NUL
        return f"it is no folder of a system ({error})"
    if not folder.name.startswith(tuple(f"{system}-" for system in SYSTEMS)):
        return f"its name does not begin with a system's ({', '.join(SYSTEMS)})"
    if folder.stat().st_uid != os.geteuid():
        return "it is another user's"
    if not any((folder / marker).is_file() for marker in MARKERS):
        return f"it holds neither {' nor '.join(MARKERS)}"
    return _foreign(folder, SYSTEM_FILES)


def _not_a_run(folder: Path) -> str:
    """Why the folder of a run must not be deleted; empty where the workbook made all of it."""
    return _link_or_file(folder) or _foreign(folder, OWN_RUN_FILES)


def _link_or_file(folder: Path) -> str:
    return "it is a link, or no folder" if folder.is_symlink() or not folder.is_dir() else ""


def _foreign(folder: Path, own: tuple[str, ...]) -> str:
    """That something in a folder is not the workbook's alone; empty where all is."""
    files = (p for p in folder.rglob("*") if p.is_symlink() or not p.is_dir())
    for name in (str(path.relative_to(folder)) for path in files):
        if not any(fnmatch(name, pattern) for pattern in own + LEFT_OVER):
            return f"it holds {name}, which the workbook did not make, or which people fill in"
    return ""


def _delete_system(folder: Path, say: Callable[[str], None]) -> None:
    try:
        with lock(folder.with_name(f".{folder.name}.lock"), folder.name, LOCK_SECONDS):
            _delete(folder, say)
    except RuntimeError:
        say(f"{folder} was not deleted: another process uses it")


def _delete(folder: Path, say: Callable[[str], None]) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        say(f"{folder} was not deleted, or not all of it: {error}")
