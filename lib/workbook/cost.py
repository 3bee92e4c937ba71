"""What runs take before they start: minutes, GPU hours, energy. All of it is an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from lib.workbook.completion import finished
from lib.workbook.identity import own_record
from lib.workbook.plan import NotebookRun

# assumed, not measured: a busy core of a server with its share of memory; a GPU of the papers' kind
# (A100, 80 GB) with its share of the host
WATTS_PER_CORE, WATTS_PER_GPU = 12.0, 500.0
# of one training: GMU's speech trainings took 15 to 24 hours by its logs; LLM-SRT's four GPUs three
# days, by a note on the paper; the other two state none
GPU_HOURS_AT_FULL = {"gmu": 18.0, "llm_srt": 288.0}
SMOKE_MINUTES = 0.2
UNKNOWN = "not known before a run has finished"


def cost_row(runs: Sequence[NotebookRun]) -> dict[str, Any]:
    """Runs, those left, core-minutes, energy; at `full` GPU hours, where a paper states them.

    Minutes are those that each run expects at `tiny`. Where some have finished, the others are
    scaled by what these took: with a cache that holds their systems it is less.
    """
    done = {run.name: finished(run) for run in runs}
    left = [run for run in runs if not done[run.name]]
    row: dict[str, Any] = {"runs": len(runs), "left": len(left)}
    if not left:
        return row
    if runs[0].scale == "full":
        return row | _at_full(left)
    ratios = [
        record["seconds"] / 60 / run.minutes
        for run in runs
        if done[run.name] and (record := own_record(run))
    ]
    if ratios:
        pace, basis = median(ratios), f"{len(ratios)} finished runs"
    elif runs[0].scale == "tiny":
        pace, basis = 1.0, "expected, not timed"
    elif runs[0].scale == "smoke":
        pace, basis = 0.0, "expected, not timed"
    else:
        return row | {"core-minutes": UNKNOWN}
    minutes = sum(max(run.minutes * pace, SMOKE_MINUTES) for run in left)
    energy = round(minutes / 60 * WATTS_PER_CORE, 1)
    return row | {"core-minutes": round(minutes, 1), "energy (Wh)": energy, "basis": basis}


def _at_full(left: Sequence[NotebookRun]) -> dict[str, Any]:
    """GPU hours of runs that name their system."""
    systems = [run.parameters.get("system", "") for run in left]
    if not all(system in GPU_HOURS_AT_FULL for system in systems):
        return {"GPU hours (A100)": "python -m lib.workbook plan --scale full"}
    hours = sum(GPU_HOURS_AT_FULL[system] for system in systems)
    energy = hours * WATTS_PER_GPU / 1000
    return {"GPU hours (A100)": round(hours), "energy (kWh)": round(energy)}


def cost_line(runs: Sequence[NotebookRun]) -> str:
    """`cost_row` for a terminal."""
    row = cost_row(runs)
    parts = [f"{row.pop('runs')} runs", f"{row.pop('left')} left"]
    return ", ".join([*parts, *(f"{name}: {value}" for name, value in row.items())])
