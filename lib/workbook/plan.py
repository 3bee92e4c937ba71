"""The runs of the workbook, read from the notebooks' metadata, and the runs of studies."""

from __future__ import annotations

import runpy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.systems import registry
from lib.systems.grid import Grid, PlannedRun
from lib.systems.grid import planned as planned_runs
from lib.workbook.notebooks import BadParameter, Notebook, notebook, notebooks
from lib.workbook.paths import scale_folder

# Seconds after which a run is stopped from outside: a kernel that hangs does not stop by itself.
TIMEOUT_SECONDS = {"smoke": 300, "tiny": 7200, "lab": 4 * 3600, "full": 14 * 24 * 3600}
# what the workbook writes into the folder of a run
RUN_FILES = ("manifest.json", "notebook.ipynb", "hypotheses.jsonl", "training.csv", "log.txt")
RUN_FILES += ("progress.json", "cell.json", ".lock", "figures", "pages")
# parameters that add systems to a run: those of a smaller run are among a larger one's
ADDITIVE = frozenset({"ablate"})


@dataclass(frozen=True, kw_only=True)
class NotebookRun:
    """A notebook with all its parameters."""

    notebook: Notebook
    parameters: dict[str, Any]
    minutes: float  # expected, at `tiny`
    skip: str = ""  # the reason why it is left out; empty: it is made

    @property
    def name(self) -> str:
        return self.notebook.run_name(self.parameters)

    @property
    def title(self) -> str:
        return f"{self.name}: {self.notebook.title}"

    @property
    def scale(self) -> str:
        return self.parameters["scale"]

    @property
    def folder(self) -> Path:
        """The folder of its record, notebook and log."""
        return scale_folder(self.scale) / "runs" / self.name

    @property
    def reads_records(self) -> bool:
        """Whether it reads the records of the runs before it, instead of training."""
        return self.notebook.metadata.reads_records or self.parameters.get("study") is True

    @property
    def processes(self) -> int:
        """The number of processes that share a training of this run."""
        return self.parameters.get("processes", 1)


def notebook_run(number: str, parameters: dict[str, Any]) -> NotebookRun:
    """One run of a notebook.

    Raises:
        BadParameter: see `Notebook.check`.
    """
    source = notebook(number)
    return NotebookRun(
        notebook=source,
        parameters=source.check(parameters),
        minutes=source.metadata.minutes,
    )


def workbook_runs(scale: str) -> list[NotebookRun]:
    """Every run of the workbook at a scale."""
    return [
        notebook_run(source.number, {"scale": scale, **parameters})
        for source in notebooks()
        if scale in source.metadata.scales
        for parameters in source.metadata.runs
    ]


def study_runs(name: str, scale: str, parameters: Mapping[str, str]) -> list[NotebookRun]:
    """Every run of a study at a scale, those that are left out too.

    Args:
        name: of a study, or a Python file that defines grids.

    Raises:
        BadParameter: there is no such study, or it cannot run with these parameters.
    """
    planned: Sequence[PlannedRun]
    if name.endswith(".py"):
        if parameters:
            raise BadParameter("-p is for a study by name; write values into the grid's file")
        planned = [run for grid in grids_in(Path(name)) for run in planned_runs(grid)]
    else:
        try:
            planned = registry.study_runs(name, scale, parameters)
        except ValueError as error:
            raise BadParameter(str(error)) from error
    if not planned:
        raise BadParameter(f"study {name} has no runs at {scale}")
    return [planned_run(entry, scale) for entry in planned]


def grids_in(path: Path) -> list[Grid]:
    """The grids that a Python file defines, in its order.

    Raises:
        BadParameter: there is no such file, or no grid in it.
    """
    if not path.is_file():
        raise BadParameter(f"there is no file {path}")
    found = [value for value in runpy.run_path(str(path)).values() if isinstance(value, Grid)]
    if not found:
        raise BadParameter(f"{path} defines no Grid (lib.systems.grid)")
    return found


def planned_run(entry: PlannedRun, scale: str) -> NotebookRun:
    """The run of a notebook that a study or a grid plans.

    Raises:
        BadParameter: see `Notebook.check`.
    """
    source = notebook(entry.notebook)
    given = {
        key: source.parse(key, value) if isinstance(value, str) else value
        for key, value in entry.parameters.items()
    }
    return NotebookRun(
        notebook=source,
        parameters=source.check({"scale": scale, **given}),
        minutes=entry.minutes,
        skip=entry.skip,
    )


def dependencies(runs: Sequence[NotebookRun]) -> dict[str, frozenset[str]]:
    """The names of the runs that must end before each run starts; the order of the keys allows it.

    A run waits for the runs of the notebooks in its metadata's `after` that may share a system with
    it: those that agree in every parameter that both notebooks have, `ADDITIVE` ones aside. A run
    that reads records waits for every run before it.
    """
    named = {run.name: run for run in runs}
    ordered: dict[str, frozenset[str]] = {}

    def place(run: NotebookRun) -> None:
        if run.name in ordered:
            return
        earlier = [other for other in named.values() if _shares_systems(run, other)]
        for other in earlier:
            place(other)
        waits_for = ordered if run.reads_records else (e.name for e in earlier)
        ordered[run.name] = frozenset(waits_for)

    for run in named.values():
        place(run)
    return ordered


def _shares_systems(run: NotebookRun, earlier: NotebookRun) -> bool:
    if earlier.notebook.number not in run.notebook.metadata.after:
        return False
    common = (run.parameters.keys() & earlier.parameters.keys()) - ADDITIVE
    return all(run.parameters[name] == earlier.parameters[name] for name in common)
