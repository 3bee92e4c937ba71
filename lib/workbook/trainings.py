"""How the systems of a run were trained, as one table in the run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lib.files import atomic_path
from lib.workbook.paths import cache


def write_training_table(folder: Path, systems: Mapping[str, str]) -> None:
    """Write training.csv; nothing where no system has been trained.

    Args:
        systems: name -> folder in the cache, as records keep them.
    """
    paths = {name: cache() / own / "training.csv" for name, own in systems.items()}
    tables = [
        pd.read_csv(path).assign(system=name) for name, path in paths.items() if path.exists()
    ]
    if tables:
        table = pd.concat(tables)
        with atomic_path(folder / "training.csv") as path:
            columns = ["system", *table.columns.drop("system")]
            table[columns].to_csv(path, index=False)
