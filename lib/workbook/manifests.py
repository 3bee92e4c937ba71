"""The records that runs leave, read without loading what made them: the command line starts in a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lib.files import content_hash, file_hash, read_json
from lib.workbook.paths import ROOT, scale_folder


def read_manifest_of(folder: Path) -> dict[str, Any] | None:
    """A run's record, or None where it has none."""
    return read_json(folder / "manifest.json") if (folder / "manifest.json").exists() else None


def manifests(scale: str) -> list[dict[str, Any]]:
    """The records of all runs of a scale, by name; each knows its folder."""
    runs = scale_folder(scale) / "runs"
    found = [(path, read_manifest_of(path)) for path in sorted(runs.iterdir())] if runs.exists() else []
    return [manifest | {"folder": path} for path, manifest in found if manifest]


def lib_hash() -> str:
    """Of the library's source: two runs with one hash were made by the same code."""
    return content_hash([[str(path.relative_to(ROOT)), file_hash(path)] for path in sorted((ROOT / "lib").rglob("*.py"))])
