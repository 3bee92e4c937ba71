"""Hallucination and omission: rates of outputs that loop, run on, stop short or say nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lib.scoring.comparisons import share_of_rows
from lib.scoring.estimates import Estimate
from lib.scoring.outputs import OutputRow
from lib.scoring.repetition import (
    COMPRESSION_RATIO,
    compression_ratio,
    is_looping,
    length_ratio,
)

VERSION = 1  # in signatures; increment when equal outputs are counted otherwise
TOO_LONG, TOO_SHORT = 1.5, 0.5  # words, or characters, for each of the reference


def _ratio(row: OutputRow) -> float:
    lengths = [length_ratio(row.hypothesis, right, row.target) for right in row.right_outputs]
    return min(lengths, key=lambda ratio: abs(np.log(max(ratio, 1e-3))))


RATES: dict[str, Callable[[OutputRow], bool]] = {
    "loops": lambda row: is_looping(row.hypothesis, row.right_outputs, row.target),
    "compresses too well": lambda row: compression_ratio(row.hypothesis) > COMPRESSION_RATIO,
    "too long": lambda row: _ratio(row) > TOO_LONG,
    "too short": lambda row: bool(row.hypothesis) and _ratio(row) < TOO_SHORT,
    "empty": lambda row: not row.hypothesis,
}


def rate(rows: Sequence[OutputRow], name: str) -> Estimate:
    """The percentage of the outputs of one system for which one of `RATES` is true.

    - loops: see `is_looping`.
    - compresses too well: Whisper's sign of a loop; it needs some hundred characters to show.
    - too long, too short: over 1.5 or under 0.5 times the reference, of several right answers the
      nearest. Insertions are hallucinated, omitted speech makes an output short.

    Raises:
        ValueError: no row, or an unknown rate.
    """
    if name not in RATES or not rows:
        known = ", ".join(RATES)
        raise ValueError(f"rate {name!r} of {len(rows)} outputs; give outputs, and one of {known}")
    return share_of_rows(rows, [RATES[name](row) for row in rows], f"hallucination:{VERSION}")
