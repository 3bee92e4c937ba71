"""IT-IST's study: the runs that its claims need, over seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lib.systems.grid import TRAINED_HERE, Grid, PlannedRun, planned

SEEDS = (1, 2, 3)  # each with an encoder and a language model of its own
MINUTES = {"20": 30.0, "21": 25.0}  # of a seed with its ablations


def study_runs(scale: str, parameters: Mapping[str, Any]) -> Iterator[PlannedRun]:
    """Notebooks 20 and 21 with their ablations, for each seed, then 22, which reads them.

    The first seed has further compressions, and the defects of the released code, too.

    Args:
        parameters: go to each run of 20 and 21.

    Raises:
        ValueError: the scale has no phrasebook, or a parameter is one that the study varies.
    """
    if scale not in TRAINED_HERE:
        raise ValueError(f"study it_ist is made for {', '.join(TRAINED_HERE)}, not {scale}")
    first, further = SEEDS[:1], SEEDS[1:]
    for seeds, switches in ((first, {"switches": (True,)}), (further, {})):
        for notebook, minutes in MINUTES.items():
            grid = Grid(
                name="it_ist",
                notebook=notebook,
                seeds=seeds,
                seed_names=("seed", "backbone_seed"),
                factors={"ablate": (True,), **switches},
                fixed=parameters,
                minutes=minutes,
            )
            yield from planned(grid)
    yield PlannedRun(notebook="22", minutes=0.5, scales=TRAINED_HERE)


STUDIES = {"it_ist": study_runs}
