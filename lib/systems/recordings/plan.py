"""The study of recordings: a quarter, a half and all of a corpus, and the learning curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib.systems.grid import TRAINED_HERE, PlannedRun

SHARES = (1.0, 0.5, 0.25)  # the whole first: it takes longest
MINUTES = 14.0  # of half an hour of speech, one thread, measured with another run beside it


def study_runs(scale: str, parameters: Mapping[str, Any]) -> list[PlannedRun]:
    """The runs of notebook 18, and 19 that reads them.

    Args:
        parameters: of notebook 18, but its share; without a corpus it is the phrasebook.
    """
    given = dict(parameters)
    runs = [
        PlannedRun(
            notebook="18",
            minutes=MINUTES * share**0.5,
            parameters=given | {"share": share},
            scales=TRAINED_HERE,
        )
        for share in SHARES
    ]
    return [*runs, PlannedRun(notebook="19", minutes=0.1, parameters=given, scales=TRAINED_HERE)]


STUDIES = {"recordings": study_runs}
