"""What the workbook consists of: each run of each notebook, and how long each scale may take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lib.systems.gmu.pairs import STUDY

# Seconds after which a run is stopped from outside, whatever its kernel says: hung runs do not stop by themselves.
WATCHDOG = {"smoke": 300, "tiny": 2400, "lab": 4 * 3600, "full": 14 * 24 * 3600}
# the notebooks that read the others' records, each also those before it
OVERVIEWS = ("16", "90")


@dataclass(frozen=True)
class Planned:
    """One run of a notebook."""

    number: str
    minutes: float  # at `tiny` on 2 cores, for the estimate of what is left
    parameters: dict[str, Any] = field(default_factory=dict)
    scales: tuple[str, ...] = ("smoke", "tiny", "lab", "full")  # where it makes sense without further parameters


SMALL = ("smoke", "tiny", "lab")  # `full` needs recordings: -p corpus= -p folder=
QUECHUA = {"source": "que", "target": "spa"}

PLAN = (
    Planned("00", 5.0, scales=SMALL),
    Planned("01", 1.5, scales=SMALL),
    Planned("03", 7.5),
    Planned("10", 1.5, scales=SMALL),
    Planned("10", 1.5, QUECHUA, scales=SMALL),
    Planned("11", 9.0, scales=SMALL),
    Planned("12", 9.5, scales=SMALL),
    Planned("13", 6.5, scales=SMALL),
    Planned("13", 8.5, QUECHUA, scales=SMALL),
    Planned("14", 8.0, scales=SMALL),
    Planned("15", 4.5, scales=SMALL),
    Planned("16", 0.5),
    Planned("90", 0.2),
)


def _gmu() -> Iterator[Planned]:
    pairs = [{"source": source, "target": target} for source, target in STUDY]
    for seed in (1, 2, 3):
        for pair in pairs:
            given = pair | {"seed": seed}
            yield from (Planned("13", 9.0, given, SMALL), Planned("11", 4.0, given, SMALL))  # direct is part of both
            yield Planned("12", 3.0, given | {"ablate": False}, SMALL)
        yield from (Planned("14", 8.0, {"seed": seed}, SMALL), Planned("15", 4.5, {"seed": seed}, SMALL))
    yield Planned("16", 0.5)


# what a claim needs over several pairs and seeds: `run --study gmu`
STUDIES = {"gmu": tuple(_gmu())}
