"""The records of runs, read without loading what made them."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lib.bounded import BadData, check_regular, read_regular
from lib.files import Damaged, content_hash, file_hash, read_json
from lib.workbook.paths import ROOT, cache, scale_folder
from lib.workbook.record_schema import FINISHED, problem

RECORD = "manifest.json"
MAX_RECORD_BYTES = 16 * 2**20  # the largest have 0.1 MB
# what a run writes once it has a record
RECORDED = ("hypotheses.jsonl", "training.csv", "figures", "pages")


def load_manifest(folder: Path) -> dict[str, Any] | None:
    """The record of the run in a folder, or None where there is none.

    Raises:
        Damaged: it is not one, is another run's, or was edited; the message names file and remedy.
    """
    path = folder / RECORD
    if not os.path.lexists(path):
        return None
    try:
        if (size := check_regular(path).st_size) > MAX_RECORD_BYTES:
            raise Damaged(f"{path} has {size / 1e6:,.0f} MB, as no record has")
        manifest = read_json(_inside(folder, RECORD))
    except OSError as error:
        raise Damaged(f"{path}: {error.strerror}") from error
    if wrong := problem(manifest) or _misplaced(manifest, folder):
        raise Damaged(f"{path} {wrong}")
    return manifest


def _misplaced(manifest: dict[str, Any], folder: Path) -> str:
    own, here = (manifest["scale"], manifest["run"]), (folder.parts[-3], folder.name)
    return "" if own == here else f"is the record of run {own[1]} at {own[0]}"


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The record of the run in a folder; None where there is none that can be read."""
    with contextlib.suppress(Damaged):
        return load_manifest(folder)
    return None


def manifests(scale: str) -> list[dict[str, Any]]:
    """The records of all runs of a scale, by name; each has its folder under `folder`.

    Those that cannot be read are left out; `damage` names them.
    """
    found = {folder: read_manifest(folder) for folder in _run_folders(scale)}
    return [manifest | {"folder": folder} for folder, manifest in found.items() if manifest]


def _run_folders(scale: str) -> list[Path]:
    runs = scale_folder(scale) / "runs"
    return sorted(path for path in runs.iterdir() if path.is_dir()) if runs.is_dir() else []


def damage(scale: str) -> list[str]:
    """A sentence for each run of a scale with a record, or a file of it, that was damaged."""
    found = map(run_damage, _run_folders(scale))
    return [f"{wrong}; make the run again" for wrong in found if wrong]


def run_damage(folder: Path) -> str:
    """What is damaged of a run: its record, or the first file of a finished one; may be empty."""
    try:
        manifest = load_manifest(folder)
        if not manifest and (left := [name for name in RECORDED if (folder / name).exists()]):
            raise Damaged(f"{folder} has {left[0]} but no {RECORD}")
        if manifest and manifest["exit"] == FINISHED:
            for name in manifest.get("files", ()):
                run_file(manifest | {"folder": folder}, name)
    except Damaged as error:
        return error.damage
    return ""


def run_file(manifest: dict[str, Any], name: str) -> bytes:
    """A file of a run, such as pages/listen.html.

    Args:
        manifest: from `manifests`.

    Raises:
        Damaged: it is not in the run's folder, or not what the run wrote.
    """
    path = manifest["folder"] / name
    try:
        data = read_regular(_inside(manifest["folder"], name))
    except OSError as error:
        raise Damaged(f"{path}: {error.strerror}") from error
    except BadData as error:
        raise Damaged(f"{path} {error}") from error
    known = manifest.get("files", {}).get(name)
    # runs of earlier versions have no hashes
    if known != (hash_of(data) if "files" in manifest else None):
        raise Damaged(f"{path} is not what the run wrote, since its hash is another")
    return data


def hash_of(data: bytes) -> str:
    """The hash of a run's file, as its record keeps it."""
    return hashlib.sha256(data).hexdigest()


def _inside(folder: Path, name: str) -> Path:
    """A file of a folder, whose name may come from anywhere.

    Raises:
        OSError: it leads out of the folder, as a path or by a link.
    """
    path = Path(os.path.realpath(folder / name))
    if not path.is_relative_to(os.path.realpath(folder)):
        raise OSError(errno.EPERM, "leads out of the run's folder")
    return path


def system_folders(manifest: dict[str, Any]) -> dict[str, Path]:
    """The folders of a run's systems, by strategy; none that is not in the cache itself."""
    own = {name: cache() / folder for name, folder in manifest["systems"].items()}
    return {name: path for name, path in own.items() if _is_in_cache(path)}


def _is_in_cache(path: Path) -> bool:
    try:
        return not path.is_symlink() and path.resolve().parent == cache()
    except (OSError, ValueError):  # a name that is too long, or holds NUL
        return False


def lib_hash() -> str:
    """The hash of the library's source files."""
    paths = sorted((ROOT / "lib").rglob("*.py"))
    return content_hash([[str(path.relative_to(ROOT)), file_hash(path)] for path in paths])


def first_began(manifest: dict[str, Any]) -> str:
    """When a run started, or the first training whose system it uses (UTC, ISO 8601).

    A system may be older than the run that finds it in the cache.
    """
    folders = system_folders(manifest).values()
    written = [path.lstat().st_mtime for folder in folders for path in folder.glob("*.json")]
    began = [datetime.fromtimestamp(second, UTC) for second in written]
    return min([manifest["started"], *(time.isoformat(timespec="seconds") for time in began)])
