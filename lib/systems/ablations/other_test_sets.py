"""The systems of one pair on other phrases and on recordings (notebook 53)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lib.scoring.estimates import Estimate, difference_of_test_sets, mean_over_pairs
from lib.scoring.grid_scores import GridScores, Levels
from lib.scoring.outputs import OutputRow
from lib.systems.ablations.one_pair import PAIR
from lib.systems.one_pair import WIDE, OnePair, outputs_on
from lib.systems.one_system import OneSystem

OWN, OTHER = "phrases as trained on", "wide phrases"


def decode(
    points: Mapping[Levels, Sequence[OneSystem]], scale: str, cache: Path, recordings: str = ""
) -> GridScores:
    """Outputs on the test set of training, on wide phrases, and on recordings where there are some.

    Args:
        points: system -> its trained systems, one a seed.
        recordings: a source of data_cards/ and its folder, such as "own=/data/talks.tsv".

    Raises:
        ValueError: as `pair_corpus`.
    """
    corpora = {OTHER: OnePair.of(PAIR).load(scale, cache, WIDE)}
    if recordings:
        name, _, folder = recordings.partition("=")
        corpora[name] = OnePair.of(PAIR, pair_corpus=name, pair_folder=folder).load(scale, cache)
    outputs: dict[Levels, dict[int, list[OutputRow]]] = {}
    for levels, systems in points.items():
        for one in systems:
            own = [row for row in one.rows if row.system != "baseline"]
            by_set = {OWN: own}
            for name, corpus in corpora.items():
                by_set[name] = outputs_on(one.experiment, one.system, corpus, name)
            for name, rows in by_set.items():
                named = [replace(row, strategy=levels[0]) for row in rows if row.task == "ST"]
                outputs.setdefault((*levels, name), {})[one.experiment.seed] = named
    names = [OWN, *corpora]
    ordered = sorted(outputs, key=lambda key: names.index(key[-1]))
    first = next(iter(points))[0]
    return GridScores(
        factors=("system", "test set"),
        outputs={key: outputs[key] for key in ordered},
        reference=(first, OWN),
    )


def mean_loss(found: GridScores) -> Estimate:
    """BLEU on the phrases of training minus BLEU on wide ones, the mean of the systems.

    The test sets have no clip in common, so that each has its own interval.
    """
    systems = list(dict.fromkeys(levels[0] for levels in found.outputs))
    own = [found.replicates((system, OWN)) for system in systems]
    wide = [found.replicates((system, OTHER)) for system in systems]
    return difference_of_test_sets(mean_over_pairs(own), mean_over_pairs(wide)).estimate()
