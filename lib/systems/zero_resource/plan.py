"""The studies of zero-resource translation: the runs that its claims need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lib.systems.grid import TRAINED_HERE, Grid, Levels, PlannedRun, planned
from lib.systems.zero_resource.languages import LANGUAGES, TARGET

SEEDS = (1, 2, 3)  # each with an encoder and a language model of its own
RIVALS = ("rivals tasks", "ability")  # each within the time that a run may take
FURTHER = ("lora prompts", "layers", "adapters", "amount", "quality", "number", "encoder")


def study_runs(scale: str, parameters: Mapping[str, Any]) -> Iterator[PlannedRun]:
    """Notebook 40 with its rivals for each seed, then 41, which reads them.

    The first seed has every other ablation, in runs of their own: each stays within the time that
    a run may take.

    Args:
        parameters: go to each run of 40.

    Raises:
        ValueError: the scale has no phrasebook, or a parameter is one that the study varies.
    """
    _check(scale, "zero_resource")
    rivals = _grid(35.0, parameters, {"ablate": RIVALS}, seeds=SEEDS)
    further = _grid(20.0, parameters, {"ablate": FURTHER}, seeds=SEEDS[:1])
    yield from planned(rivals, further)
    yield PlannedRun(notebook="41", minutes=0.5, scales=TRAINED_HERE)


def transfer_runs(scale: str, parameters: Mapping[str, Any]) -> Iterator[PlannedRun]:
    """Notebook 40 once for each language, which is held out alone, then 41.

    Each has an encoder of its own, which no transcript of the language was taught.

    Args:
        parameters: go to each run of 40.

    Raises:
        ValueError: the scale has no phrasebook, or a parameter is one that the study varies.
    """
    _check(scale, "transfer")
    languages = [code for code in LANGUAGES if code != TARGET]
    yield from planned(_grid(10.0, parameters, {"held_out": languages}, seeds=()))
    yield PlannedRun(notebook="41", minutes=0.5, scales=TRAINED_HERE)


def _grid(
    minutes: float,
    parameters: Mapping[str, Any],
    factors: Mapping[str, Levels],
    seeds: tuple[int, ...],
) -> Grid:
    return Grid(
        name="zero_resource",
        notebook="40",
        factors=factors,
        fixed=parameters,
        seeds=seeds,
        minutes=minutes,
    )


def _check(scale: str, name: str) -> None:
    if scale not in TRAINED_HERE:
        raise ValueError(f"study {name} is made for {', '.join(TRAINED_HERE)}, not {scale}")


STUDIES = {"zero_resource": study_runs, "transfer": transfer_runs}
