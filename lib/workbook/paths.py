"""Where things lie: the notebooks, and what runs make."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
HEADLESS = "WORKBOOK_HEADLESS"  # set in the environment of a notebook that nobody looks at while it runs


def outputs() -> Path:
    """The folder for everything that runs make; the environment variable WORKBOOK_OUTPUTS moves it."""
    return Path(os.environ.get("WORKBOOK_OUTPUTS") or ROOT / "outputs").expanduser().resolve()


def cache() -> Path:
    """Corpora and backbones, kept by content and shared by all scales."""
    return outputs() / "cache"


def scale_folder(scale: str) -> Path:
    """Everything of one scale: scores.csv, claims.csv, report.html, runs/."""
    return outputs() / scale
