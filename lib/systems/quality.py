"""COMET for error analysis: a published one, or a small COMETKiwi trained here for one pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lib.corpora.phrasebook import Phrasebook
from lib.scales import preset
from lib.scoring.comet import load_comet
from lib.scoring.outputs import OutputRow
from lib.systems.experiment import Experiment
from lib.systems.it_ist.pseudo_labels.defects import Pair
from lib.systems.it_ist.pseudo_labels.kiwi import get_kiwi
from lib.systems.it_ist.pseudo_labels.recipe import PRESETS

SEED = 4  # of the phrasebook that it is trained on


@dataclass(frozen=True)
class Quality:
    """A score of each output, the higher the better."""

    scores: list[float]  # 100 for a perfect translation, about
    metric: str  # "COMET", with a reference, or "COMETKiwi", without
    name: str  # of the checkpoint


def output_quality(
    experiment: Experiment, rows: Sequence[OutputRow], checkpoint: str = ""
) -> Quality | None:
    """Score translations of one direction.

    Args:
        checkpoint: a COMET, see `load_comet`; "": on the phrasebook a small COMETKiwi, trained now
            or found, on recordings none.

    Returns:
        None: there is no model for these rows.

    Raises:
        ValueError: rows of several directions, or without transcripts.
    """
    if checkpoint:
        comet = load_comet(checkpoint, str(experiment.device))
        stats = comet.statistics(rows)
        return Quality(stats.utterance_scores, "COMET", comet.signature)
    if not experiment.corpus.synthetic:
        return None
    directions = {(row.source, row.target) for row in rows}
    if len(directions) != 1 or not all(row.transcript for row in rows):
        raise ValueError(
            f"a COMETKiwi is trained for one direction, and reads transcripts; {len(directions)} "
            "directions are given, or rows without a transcript"
        )
    ((source, target),) = directions
    recipe = preset(PRESETS, experiment.scale).kiwi
    book = Phrasebook(
        spoken=(),
        written=(source, target),
        train=0,
        dev=0,
        test=0,
        breadth=experiment.recipe.breadth,
        seed=SEED,
    )
    said = frozenset(row.transcript for row in rows)
    cache, progress = Path(experiment.cache), experiment.progress
    kiwi = get_kiwi(replace(recipe, seed=1), book, (target,), said, cache, progress)
    pairs = [Pair(source=r.transcript, text=r.hypothesis, target=target) for r in rows]
    return Quality([100 * score for score in kiwi.score(pairs)], "COMETKiwi", kiwi.name)
