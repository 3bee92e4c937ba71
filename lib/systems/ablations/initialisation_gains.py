"""What the grids of encoder initialisation say about its claims, from their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from lib.scoring.estimates import Estimate, difference_of_test_sets
from lib.scoring.grid_scores import GridScores, Levels
from lib.systems.ablations.initialisation import (
    FROZEN,
    MANY,
    OTHER_LANGUAGES,
    TOP,
    UNSEEN,
    WHOLE,
)

ALL_SPEECH, LEAST_SPEECH = "1", "0.1"
LEAN_CLAIMS = ("INIT-1", "INIT-2")  # those that the lean grids can answer
CLAIMS = (*LEAN_CLAIMS, "INIT-3", "INIT-4", "INIT-5")


def joined(found: Sequence[GridScores]) -> GridScores:
    """The scores of grids of the same factors as of one."""
    outputs = {levels: runs for one in found for levels, runs in one.outputs.items()}
    measures = {levels: runs for one in found for levels, runs in one.measures.items()}
    missing = sum(one.missing for one in found)
    return replace(found[0], outputs=outputs, measures=measures, missing=missing)


def turned(found: GridScores) -> GridScores:
    """The same with the factors in the other order, for figures: the first is on the axis."""
    return replace(
        found,
        factors=found.factors[::-1],
        outputs={levels[::-1]: runs for levels, runs in found.outputs.items()},
        measures={levels[::-1]: runs for levels, runs in found.measures.items()},
        reference=found.reference[::-1],
    )


def seen(found: GridScores) -> GridScores:
    """The part in the language that is trained on."""
    return found.only(lambda row: row.source not in UNSEEN)


def unseen(found: GridScores) -> GridScores:
    """The part in the languages of which nothing paired is trained on."""
    return found.only(lambda row: row.source in UNSEEN)


def measure(main: GridScores, by_amount: GridScores | None = None) -> dict[str, Estimate]:
    """What answers each claim; without those whose points have no record.

    Args:
        main: by encoder, and what of it is trained.
        by_amount: by share of the speech, and encoder; None: it was not run.
    """
    tuned = replace(unseen(main), reference=(main.reference[0], WHOLE))
    found = {
        "INIT-1": seen(main).difference((MANY, FROZEN), "encoder"),
        "INIT-2": tuning_contrast(main),
        "INIT-3": seen(main).difference((OTHER_LANGUAGES, FROZEN), "encoder"),
        "INIT-4": tuned.difference((MANY, TOP), "trained"),
        "INIT-5": smallest_step(seen(by_amount)) if by_amount else None,
    }
    return {id: estimate for id, estimate in found.items() if estimate}


def tuning_contrast(main: GridScores, encoder: str = MANY) -> Estimate | None:
    """The gain of tuning the whole encoder on the seen language, minus that on unseen ones."""
    gains = [part.differences((encoder, WHOLE), "trained") for part in (seen(main), unseen(main))]
    if None in gains:
        return None
    return difference_of_test_sets(*gains).estimate()


def smallest_step(by_amount: GridScores) -> Estimate | None:
    """The smallest step between encoders with the least speech, by their order with all of it.

    Returns:
        None where an encoder lacks a record.
    """
    order = encoder_order(by_amount, ALL_SPEECH)
    if len(order) < 2:
        return None
    steps = []
    for better, worse in pairwise(order):
        pair = replace(by_amount, reference=(by_amount.reference[0], worse))
        steps.append(pair.difference((LEAST_SPEECH, better), "encoder"))
    return None if None in steps else min(steps, key=lambda step: step.value)


def encoder_order(by_amount: GridScores, share: str) -> Mapping[str, float]:
    """Encoder -> score with a share of the speech, the best one first."""
    scores: dict[Levels, Estimate | None] = {
        levels: by_amount.score(levels) for levels in by_amount.outputs if levels[0] == share
    }
    found = {levels[1]: score.value for levels, score in scores.items() if score}
    return dict(sorted(found.items(), key=lambda item: -item[1]))
