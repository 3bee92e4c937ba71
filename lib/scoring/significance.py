"""Paired bootstrap: the difference of two systems on the same utterances, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lib.scoring.metrics import PERCENTILES, Statistics, bootstrap_weights, resampled_scores


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The score of one system minus that of another, with its 95 % interval."""

    metric: str
    value: float
    low: float
    high: float
    n: int  # utterances


def check_same_signature(stats: Statistics, other: Statistics) -> None:
    """Refuse to compare scores that were computed differently.

    Raises:
        ValueError: the signatures differ.
    """
    if stats.signature != other.signature:
        raise ValueError(
            "scores with different signatures cannot be compared: "
            f"{stats.signature} and {other.signature}; use one metric and profile"
        )


def paired_bootstrap(stats: Statistics, other: Statistics, speakers: Sequence[str]) -> Difference:
    """Return the score of `stats` minus that of `other`, resampling both together (Koehn 2004).

    Args:
        speakers: of each utterance, see `bootstrap_weights`.

    Raises:
        ValueError: the signatures differ.
    """
    check_same_signature(stats, other)
    weights, _ = bootstrap_weights(speakers)
    resampled = resampled_scores(stats, weights) - resampled_scores(other, weights)
    low, high = np.percentile(resampled, PERCENTILES)
    return Difference(
        metric=stats.metric,
        value=stats.corpus_score - other.corpus_score,
        low=float(low),
        high=float(high),
        n=len(speakers),
    )
