"""Git, as far as records need it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lib.workbook.paths import ROOT


def git(*words: str, folder: Path | None = None) -> str:
    """The output of a git command, empty where it fails.

    Args:
        folder: where it runs; default: this repository.
    """
    command = ["git", "-C", str(folder or ROOT), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
