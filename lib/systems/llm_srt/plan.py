"""LLM-SRT's study: the runs that its claims need, over seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lib.systems.registry import PlannedRun

SEEDS = (1, 2, 3)  # each with an encoder and a language model of its own
PHRASEBOOK_SCALES = ("smoke", "tiny", "lab")  # at `full` a seed is days


def study_runs(scale: str, parameters: Mapping[str, Any]) -> Iterator[PlannedRun]:
    """Notebook 30 with its rivals for each seed, then 31, which reads them.

    The first seed has less speech, unfrozen parts and other bridges, too.

    Args:
        parameters: go to each run of 30.

    Raises:
        ValueError: the scale has no phrasebook.
    """
    if scale not in PHRASEBOOK_SCALES:
        raise ValueError(f"study llm_srt is made for {', '.join(PHRASEBOOK_SCALES)}, not {scale}")
    for seed in SEEDS:
        of_seed = {"seed": seed, **parameters}
        of_seed["ablate"] = "all" if seed == SEEDS[0] else "rivals"
        yield PlannedRun(
            notebook="30", minutes=60.0, parameters=of_seed, scales=PHRASEBOOK_SCALES
        )
    yield PlannedRun(notebook="31", minutes=0.5, scales=PHRASEBOOK_SCALES)


STUDIES = {"llm_srt": study_runs}
