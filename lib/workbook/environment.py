"""What a run was made with: code, packages, device and threads, as its record keeps them."""

from __future__ import annotations

import os
import platform
from importlib.metadata import distributions
from typing import Any

import torch

from lib.files import content_hash, file_hash
from lib.workbook.manifest_reader import lib_hash
from lib.workbook.paths import ROOT
from lib.workbook.version_control import git


def describe_environment() -> dict[str, Any]:
    """Commit, library, packages, Python and device."""
    return {
        "lib_hash": lib_hash(),
        **_code(),
        "packages": _packages(),
        "requirements_hash": file_hash(ROOT / "requirements.txt"),
        "python": platform.python_version(),
        "device": _device(),
        "process": os.getpid(),
    }


def _code() -> dict[str, Any]:
    """The commit, and the changes of the working tree."""
    if not (commit := git("rev-parse", "HEAD")):
        return {"commit": "no git", "dirty": False, "dirty_hash": "no git"}
    changes = git("status", "--porcelain")
    return {
        "commit": commit,
        "dirty": bool(changes),
        "dirty_hash": content_hash([changes, git("diff", "HEAD")]) if changes else "clean",
    }


def _packages() -> dict[str, str]:
    found = {entry.metadata["Name"]: entry.version for entry in distributions()}
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def _device() -> dict[str, Any]:
    device: dict[str, Any] = {
        "kind": "cpu",
        "name": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
    }
    if torch.cuda.is_available():
        device |= {
            "kind": "cuda",
            "name": torch.cuda.get_device_name(),
            "count": torch.cuda.device_count(),
        }
    return device | {"threads": torch.get_num_threads()}
