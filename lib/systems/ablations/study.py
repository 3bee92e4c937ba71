"""A study of an ablation: the points of its grids, then the notebook that reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lib.systems.grid import TRAINED_HERE, Grid, PlannedRun, planned

Study = Callable[[str, Mapping[str, Any]], list[PlannedRun]]


def ablation_study(name: str, grids: tuple[Grid, ...], notebook: str, minutes: float) -> Study:
    """The function that plans a study at a scale.

    Args:
        notebook: number of the reader, which is run with `study=True`.
        minutes: of the reader, expected at `tiny`.
    """

    def study_runs(scale: str, parameters: Mapping[str, Any]) -> list[PlannedRun]:
        """The runs at a scale.

        Raises:
            ValueError: the scale has no models to train here, or a parameter is given.
        """
        if scale not in TRAINED_HERE:
            raise ValueError(f"study {name} is made for {', '.join(TRAINED_HERE)}, not {scale}")
        if parameters:
            given = min(parameters)
            raise ValueError(f"study {name} has no parameters; -p {given} is one of a run")
        reader = PlannedRun(
            notebook=notebook, minutes=minutes, parameters={"study": True}, scales=TRAINED_HERE
        )
        return planned(*grids, reader)

    return study_runs
