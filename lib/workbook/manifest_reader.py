"""The records of runs, read without loading what made them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lib.files import content_hash, file_hash, read_json
from lib.workbook.paths import ROOT, cache, scale_folder


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The record of the run in a folder, or None where there is none."""
    path = folder / "manifest.json"
    return read_json(path) if path.exists() else None


def manifests(scale: str) -> list[dict[str, Any]]:
    """The records of all runs of a scale, by name; each has its folder under `folder`."""
    runs = scale_folder(scale) / "runs"
    found = {path: read_manifest(path) for path in sorted(runs.iterdir())} if runs.exists() else {}
    return [manifest | {"folder": path} for path, manifest in found.items() if manifest]


def lib_hash() -> str:
    """The hash of the library's source files."""
    paths = sorted((ROOT / "lib").rglob("*.py"))
    return content_hash([[str(path.relative_to(ROOT)), file_hash(path)] for path in paths])


def corpus_stamp(folder: str) -> str:
    """The state of a corpus on disk, which changes when its manifest or the top of its folder does.

    Args:
        folder: a run's parameter: a manifest file, a corpus folder, or empty.

    Returns:
        A hash, or "none" where there is no corpus.
    """
    path = Path(folder)
    if not folder or not path.exists():
        return "none"
    if path.is_file():
        return file_hash(path)
    entries = [[entry.name, entry.lstat().st_size] for entry in sorted(path.iterdir())]
    return content_hash([path.stat().st_mtime_ns, entries])


def first_began(manifest: dict[str, Any]) -> str:
    """When a run started, or the first training whose system it uses (UTC, ISO 8601).

    A system may be older than the run that finds it in the cache.
    """
    folders = [cache() / name for name in manifest["systems"].values()]
    written = [path.stat().st_mtime for folder in folders for path in folder.glob("*.json")]
    began = [datetime.fromtimestamp(second, UTC) for second in written]
    return min([manifest["started"], *(time.isoformat(timespec="seconds") for time in began)])
