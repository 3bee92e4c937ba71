"""Git, as far as records need it."""

from __future__ import annotations

import subprocess

from lib.workbook.paths import ROOT


def git(*words: str) -> str:
    """The output of a git command in this repository; empty where it fails."""
    command = ["git", "-C", str(ROOT), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
