"""The committed tables: a folder of outputs/reference/ for the workbook's run, one for a study."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lib.workbook.paths import ROOT

TEXTS = ("problem", "verdict", "magnitude", "measurement")  # columns that are empty, never missing


def reference_folder(scale: str, study: str = "", folder: Path | None = None) -> Path:
    """Where the reference of a scale's workbook lies, or that of a study.

    Args:
        folder: in place of outputs/reference/.
    """
    name = f"{scale}-{study}" if study else scale
    return (folder or ROOT / "outputs" / "reference") / name


def study_options(scale: str, study: str, parameters: Mapping[str, str]) -> str:
    """Options of the commands that make the runs and their reference."""
    given = [f"--study {study}"] if study else []
    given += [f"-p {name}={value}" for name, value in parameters.items()]
    return " ".join([f"--scale {scale}", *given])


def reference_claims(scale: str, folder: Path | None = None) -> pd.DataFrame | None:
    """The claims of the workbook's run and of all studies; None: there is no table.

    Args:
        folder: in place of outputs/reference/.
    """
    own = reference_folder(scale, folder=folder) / "claims.csv"
    paths = [own, *sorted(own.parent.parent.glob(f"{scale}-*/{own.name}"))]
    tables = [read_claims(path) for path in paths if path.exists()]
    return pd.concat(tables, ignore_index=True) if tables else None


def read_claims(path: Path) -> pd.DataFrame:
    """A claims.csv with the columns that a ledger has."""
    table = pd.read_csv(path, dtype={"paper": str, "run": str, "notebook": str})
    missing = {name: "" for name in TEXTS if name not in table}
    return table.assign(**missing).fillna(dict.fromkeys(TEXTS, ""))
