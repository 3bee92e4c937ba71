"""IT-IST's study: the runs that its claims need, over seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lib.systems.registry import PlannedRun

SEEDS = (1, 2, 3)  # each with an encoder and a language model of its own
PHRASEBOOK_SCALES = ("smoke", "tiny", "lab")  # at `full` a seed is days


def study_runs(scale: str, parameters: Mapping[str, Any]) -> Iterator[PlannedRun]:
    """Notebooks 20 and 21 with their ablations, for each seed, then 22, which reads them.

    The first seed has further compressions, and the defects of the released code, too.

    Args:
        parameters: go to each run of 20 and 21.

    Raises:
        ValueError: the scale has no phrasebook.
    """
    if scale not in PHRASEBOOK_SCALES:
        raise ValueError(f"study it_ist is made for {', '.join(PHRASEBOOK_SCALES)}, not {scale}")
    for seed in SEEDS:
        of_seed = {"seed": seed, "backbone_seed": seed, **parameters}
        of_seed["ablate"] = True
        if seed == SEEDS[0]:
            of_seed["switches"] = True
        for notebook, minutes in (("20", 30.0), ("21", 25.0)):
            yield PlannedRun(
                notebook=notebook,
                minutes=minutes,
                parameters=of_seed,
                scales=PHRASEBOOK_SCALES,
            )
    yield PlannedRun(notebook="22", minutes=0.5, scales=PHRASEBOOK_SCALES)


STUDIES = {"it_ist": study_runs}
