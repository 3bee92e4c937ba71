"""Is a difference real? Paired bootstrap over the same utterances, and a verdict that can be `inconclusive`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lib.scoring.metrics import resampled, statistics, weights


@dataclass(frozen=True)
class Difference:
    """System minus baseline on the same utterances, with its 95 % interval."""

    metric: str
    value: float
    low: float
    high: float
    n: int


def same_signature(one: str, other: str) -> None:
    """Refuse to compare scores that were not made alike.

    Raises:
        ValueError: naming both signatures.
    """
    if one != other:
        raise ValueError(f"scores with different signatures cannot be compared: {one} and {other}")


def difference(
    metric: str,
    system: Sequence[str],
    baseline: Sequence[str],
    references: Sequence[str],
    target: str,
    speakers: Sequence[str],
    profile: str,
) -> Difference:
    """How much better `system` scores than `baseline`, both resampled together (Koehn 2004)."""
    ours = statistics(metric, system, references, target, profile)
    theirs = statistics(metric, baseline, references, target, profile)
    same_signature(ours.signature, theirs.signature)
    drawn, _ = weights(speakers)
    low, high = np.percentile(resampled(ours, drawn) - resampled(theirs, drawn), [2.5, 97.5])
    value = ours.combine(ours.rows.sum(0)) - theirs.combine(theirs.rows.sum(0))
    return Difference(metric, value, float(low), float(high), len(references))
