"""A run is its parameters: equal names mean equal ones, which are checked before it starts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lib.systems import parameters
from lib.workbook.manifest_reader import read_manifest
from lib.workbook.notebooks import BadParameter
from lib.workbook.plan import NotebookRun


def check_runs(runs: Iterable[NotebookRun]) -> None:
    """Check what runs are, before any of them starts, deletes or writes something.

    Raises:
        BadParameter: two runs, or one and the record in its folder, have one name and different
            parameters; or a parameter has a value that cannot be.
    """
    named: dict[Path, NotebookRun] = {}
    for run in runs:
        if run.skip:
            continue
        _check_values(run)
        other = named.setdefault(run.folder, run)
        if other.parameters != run.parameters:
            raise _same_name(run, other.parameters, "another of these runs")
        if record := read_manifest(run.folder):
            if differing(run.parameters, record["parameters"]):
                where = f"the run in {run.folder}, which stays: move or delete that folder; it"
                raise _same_name(run, record["parameters"], where)


def _check_values(run: NotebookRun) -> None:
    try:
        parameters.check(run.parameters, run.notebook.parameters, run.reads_records)
    except (OSError, ValueError) as error:
        raise BadParameter(f"notebook {run.notebook.number}: {str(error):.900}") from error


def own_record(run: NotebookRun) -> dict[str, Any] | None:
    """The record of a run; None where there is none, or where it is of other parameters."""
    record = read_manifest(run.folder)
    return record if record and not differing(run.parameters, record["parameters"]) else None


def differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The parameters that two runs of a notebook have in common and that differ.

    A notebook may have got or lost some since; those are at their defaults where names are equal.
    """
    return [name for name in one if name in other and one[name] != other[name]]


def _same_name(run: NotebookRun, given: dict[str, Any], where: str) -> BadParameter:
    name = next(iter(differing(run.parameters, given)), "")
    own, others = (f"{name}={values.get(name)!r:.100}" for values in (run.parameters, given))
    return BadParameter(f"run {run.name} with {own} has the name of {where} has {others}")
