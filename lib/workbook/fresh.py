"""Deletes runs and the systems that they trained, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from lib.files import lock
from lib.systems.registry import SYSTEMS
from lib.workbook.manifest_reader import read_manifest
from lib.workbook.notebooks import BadParameter
from lib.workbook.paths import cache
from lib.workbook.plan import NotebookRun

MARKERS = ("system.json", "training.csv")  # files of a system, trained or in training
LOCK_SECONDS = 1.0  # the lock of a process that was just killed takes a moment to go


def delete_runs(runs: Iterable[NotebookRun]) -> list[str]:
    """Delete runs with the systems that their records name; the notebooks share systems.

    Returns:
        A line for each folder that a record names and that was left, with the reason.

    Raises:
        BadParameter: a process is making one of the runs; nothing was deleted.
    """
    existing = [run for run in runs if run.folder.exists()]
    for run in existing:
        try:
            with lock(run.folder / ".lock", f"run {run.name}", LOCK_SECONDS):
                pass
        except RuntimeError as error:
            raise BadParameter(f"--fresh would delete a run in progress: {error}") from error
    left = []
    for run in existing:
        systems = (read_manifest(run.folder) or {}).get("systems", {})
        for folder in (cache() / name for name in systems.values()):
            if reason := _reason_to_keep(folder):
                left.append(f"{folder} (named in run {run.name}) was not deleted: {reason}")
            else:
                shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(run.folder, ignore_errors=True)
    return left


def _reason_to_keep(folder: Path) -> str:
    """Why a folder must not be deleted; empty where it is a system that this workbook trained."""
    if not folder.exists():
        return ""
    if folder.is_symlink() or folder.resolve().parent != cache().resolve():
        return f"it is not directly in {cache()}"
    if not folder.name.startswith(tuple(f"{system}-" for system in SYSTEMS)):
        return f"its name does not begin with a system's ({', '.join(SYSTEMS)})"
    if not any((folder / marker).is_file() for marker in MARKERS):
        return f"it holds neither {' nor '.join(MARKERS)}"
    try:
        with lock(folder.with_name(f".{folder.name}.lock"), folder.name, LOCK_SECONDS):
            pass
    except RuntimeError:
        return "another process uses it"
    return ""
