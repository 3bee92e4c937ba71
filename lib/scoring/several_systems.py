"""Several systems on the same clips: how often each is the best, and where they differ most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lib.scoring.comparisons import check_same_test_set, share_of_rows
from lib.scoring.estimates import Estimate
from lib.scoring.outputs import OutputRow
from lib.scoring.two_systems import MARGIN


def by_strategy(rows: Sequence[OutputRow]) -> dict[str, list[OutputRow]]:
    """Rows of one seed by strategy, in the order of the first ones."""
    found: dict[str, list[OutputRow]] = {}
    for row in rows:
        found.setdefault(row.strategy, []).append(row)
    return found


def best_shares(
    rows: Sequence[OutputRow], scores: Sequence[float], margin: float = MARGIN
) -> dict[str, Estimate]:
    """How often each strategy is the best of all, or as good as the best, in percent of the clips.

    Args:
        scores: of each row, the higher the better.
        margin: the largest distance to the best score that counts as good as it.

    Raises:
        ValueError: strategies have different test sets.
    """
    table = _table(rows, scores)
    best = table.max(0)
    signature = f"margin:{margin:g}"
    return {
        name: share_of_rows(own, (line >= best - margin).tolist(), signature)
        for (name, own), line in zip(by_strategy(rows).items(), table, strict=True)
    }


def by_disagreement(rows: Sequence[OutputRow], scores: Sequence[float]) -> list[int]:
    """The places of the rows, those of the clips first where the best and the worst differ most.

    Raises:
        ValueError: strategies have different test sets.
    """
    table = _table(rows, scores)
    clips = [row.id for row in next(iter(by_strategy(rows).values()))]
    spread = dict(zip(clips, np.ptp(table, axis=0), strict=True))
    return sorted(range(len(rows)), key=lambda place: -spread[rows[place].id])


def _table(rows: Sequence[OutputRow], scores: Sequence[float]) -> np.ndarray:
    """The scores, a line a strategy and a column a clip."""
    first, *others = by_strategy(rows).values()
    for own in others:
        check_same_test_set(first, own)
    lines: dict[str, list[float]] = {}
    for row, score in zip(rows, scores, strict=True):
        lines.setdefault(row.strategy, []).append(score)
    return np.array(list(lines.values()))
