"""The studies of zero-resource translation: the runs that its claims need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lib.systems.registry import PlannedRun
from lib.systems.zero_resource.languages import LANGUAGES, TARGET

SEEDS = (1, 2, 3)  # each with an encoder and a language model of its own
RIVALS = "rivals tasks ability"
FURTHER = ("lora prompts", "layers", "adapters", "amount", "quality", "number", "encoder")
PHRASEBOOK_SCALES = ("smoke", "tiny", "lab")  # at `full` a seed is days


def study_runs(scale: str, parameters: Mapping[str, Any]) -> Iterator[PlannedRun]:
    """Notebook 40 with its rivals for each seed, then 41, which reads them.

    The first seed has every other ablation, in runs of their own: each stays within the time that
    a run may take.

    Args:
        parameters: go to each run of 40.

    Raises:
        ValueError: the scale has no phrasebook.
    """
    _check(scale, "zero_resource")
    for seed in SEEDS:
        yield _run(35.0, parameters, seed=seed, ablate=RIVALS)
    for groups in FURTHER:
        yield _run(20.0, parameters, seed=SEEDS[0], ablate=groups)
    yield PlannedRun(notebook="41", minutes=0.5, scales=PHRASEBOOK_SCALES)


def transfer_runs(scale: str, parameters: Mapping[str, Any]) -> Iterator[PlannedRun]:
    """Notebook 40 once for each language, which is held out alone, then 41.

    Each has an encoder of its own, which no transcript of the language was taught.

    Args:
        parameters: go to each run of 40.

    Raises:
        ValueError: the scale has no phrasebook.
    """
    _check(scale, "transfer")
    for code in LANGUAGES:
        if code != TARGET:
            yield _run(10.0, parameters, held_out=code)
    yield PlannedRun(notebook="41", minutes=0.5, scales=PHRASEBOOK_SCALES)


def _run(minutes: float, parameters: Mapping[str, Any], **own: Any) -> PlannedRun:
    given = {**parameters, **own}
    return PlannedRun(notebook="40", minutes=minutes, parameters=given, scales=PHRASEBOOK_SCALES)


def _check(scale: str, name: str) -> None:
    if scale not in PHRASEBOOK_SCALES:
        raise ValueError(f"study {name} is made for {', '.join(PHRASEBOOK_SCALES)}, not {scale}")


STUDIES = {"zero_resource": study_runs, "transfer": transfer_runs}
