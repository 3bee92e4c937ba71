"""Runs one notebook under papermill, in a process that `lib.workbook.run_process` starts."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import papermill
from jupyter_client.kernelspec import KernelSpecManager

from lib.files import write_json
from lib.workbook.paths import HEADLESS, ROOT

KERNEL = "speech-translation"


def kernel() -> str:
    """The workbook's own kernel, or python3 where it is not installed."""
    return KERNEL if KERNEL in KernelSpecManager().find_kernel_specs() else "python3"


def execute(source: Path, folder: Path, parameters: dict) -> None:
    """Run a notebook.

    Args:
        folder: gets the executed copy, notebook.ipynb, and cell.json, the cell that runs.
    """

    def note(cell: dict, cell_index: int) -> None:
        line = (cell["source"].strip().splitlines() or [""])[0]
        state = {"cell": cell_index, "first_line": line, "at": time.time()}
        write_json(folder / "cell.json", state)

    os.environ[HEADLESS] = "1"  # the kernel inherits it
    papermill.execute_notebook(
        _literally(source),
        _literally(folder / "notebook.ipynb"),
        parameters=parameters,
        kernel_name=kernel(),
        language="python",  # an editor may have removed the notebook's kernelspec
        cwd=str(ROOT),
        progress_bar=False,
        autosave_cell_every=30,
        on_cell_start=note,
    )


def _literally(path: Path) -> str:
    """A path whose braces papermill does not take for parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


if __name__ == "__main__":
    execute(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
