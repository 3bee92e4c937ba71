"""The folders of notebooks and outputs."""

from __future__ import annotations

import os
from pathlib import Path

from lib.scales import TRIAL

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
HEADLESS = "WORKBOOK_HEADLESS"  # environment variable, set where a notebook runs without a browser


def outputs() -> Path:
    """The folder of all outputs; the environment variable WORKBOOK_OUTPUTS moves it."""
    return Path(os.environ.get("WORKBOOK_OUTPUTS") or ROOT / "outputs").expanduser().resolve()


def begin_trial(updates: int) -> None:
    """Make this process, and those that it starts, try: outputs of their own, few updates."""
    os.environ |= {"WORKBOOK_OUTPUTS": str(outputs() / "trial"), TRIAL: str(updates)}
    os.environ.pop("WORKBOOK_CACHE", None)


def cache() -> Path:
    """The folder of corpora and trained systems, named by content and shared by all scales.

    The environment variable WORKBOOK_CACHE moves it alone: a class shares one cache, which need not
    be writable for what is finished, and each has outputs of their own.
    """
    return Path(os.environ.get("WORKBOOK_CACHE") or outputs() / "cache").expanduser().resolve()


def scale_folder(scale: str) -> Path:
    """The folder of one scale: scores.csv, claims.csv, report.html, runs/."""
    return outputs() / scale
