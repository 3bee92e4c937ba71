"""What the workbook consists of: each run of each notebook, and how long each scale may take."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# Seconds after which a run is stopped from outside, whatever its kernel says: hung runs do not stop by themselves.
WATCHDOG = {"smoke": 300, "tiny": 2400, "lab": 4 * 3600, "full": 14 * 24 * 3600}
# the notebooks that read the others' records, each also those before it
OVERVIEWS = ("16", "90")


@dataclass(frozen=True)
class Planned:
    """One run of a notebook."""

    number: str
    minutes: float  # measured at `tiny` on 2 cores; only for the estimate of what is left
    parameters: dict[str, Any] = field(default_factory=dict)
    scales: tuple[str, ...] = ("smoke", "tiny", "lab", "full")  # where it makes sense without further parameters


PLAN = (
    Planned("00", 5.0, scales=("smoke", "tiny", "lab")),
    Planned("01", 1.0, scales=("smoke", "tiny", "lab")),
    Planned("03", 5.8),
    Planned("10", 2.5, scales=("smoke", "tiny", "lab")),  # `full` needs recordings: -p corpus= -p folder=
    Planned("10", 2.5, {"source": "que", "target": "spa"}, scales=("smoke", "tiny", "lab")),
    Planned("90", 0.2),
)
