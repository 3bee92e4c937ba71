"""LLM-SRT's study: the runs that its claims need, over seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lib.systems.grid import TRAINED_HERE, Grid, PlannedRun, planned

SEEDS = (1, 2, 3)  # each with an encoder and a language model of its own
FURTHER = ("prompts", "bridges", "speech", "unfreezing", "search")


def study_runs(scale: str, parameters: Mapping[str, Any]) -> Iterator[PlannedRun]:
    """Notebook 30 with its rivals for each seed, then 31, which reads them.

    The first seed has less speech, unfrozen parts and other bridges, too.

    Args:
        parameters: go to each run of 30.

    Raises:
        ValueError: the scale has no phrasebook, or a parameter is one that the study varies.
    """
    if scale not in TRAINED_HERE:
        raise ValueError(f"study llm_srt is made for {', '.join(TRAINED_HERE)}, not {scale}")
    yield from planned(*(_grid(seed, parameters, "rivals", 40.0) for seed in SEEDS))
    # each within the time that a run may take
    yield from planned(*(_grid(SEEDS[0], parameters, groups, 35.0) for groups in FURTHER))
    yield PlannedRun(notebook="31", minutes=0.5, scales=TRAINED_HERE)


def _grid(seed: int, parameters: Mapping[str, Any], groups: str, minutes: float) -> Grid:
    return Grid(
        name="llm_srt",
        notebook="30",
        factors={"ablate": (groups,)},
        fixed=parameters,
        seeds=(seed,),
        minutes=minutes,
    )


STUDIES = {"llm_srt": study_runs}
