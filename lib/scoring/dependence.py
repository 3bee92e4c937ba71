"""Does an output depend on the sound? Outputs for changed sound against those for the real one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rapidfuzz.distance import Levenshtein

from lib.scoring.baselines import shuffled
from lib.scoring.comparisons import row_statistics, score_runs_by
from lib.scoring.estimates import Estimate, Replicates, mean_over_pairs
from lib.scoring.metrics import PROFILES, Statistics, lower_is_better, percentage
from lib.scoring.outputs import OutputKey, OutputRow, metric_name
from lib.tasks import ASR, TASKS

CLEAN = "clean"  # subset of the outputs for the sound as it is
FREQUENT = 3  # outputs that are named
# of transcripts: among few, one that repeats itself would decide a WER, which has no upper end
ASR_QUALITY = ("chrF++", "gmu")


@dataclass(frozen=True, kw_only=True)
class ConditionScore:
    """One system and task under one condition; each estimate is a mean over directions."""

    system: str  # with its strategy
    task: str
    condition: str
    metric: str
    dependence: Estimate  # 0: every output stays as it was; 100: nothing in common
    quality: Estimate  # against the true references
    change: Estimate  # of the quality from `CLEAN`
    kept: Estimate | None  # percent of the quality of `CLEAN`; None for error rates, or of 0
    empty: float  # percent of the outputs
    frequent: list[tuple[str, int]]  # outputs and how often they occur


def condition_scores(
    rows: Sequence[OutputRow], metric: str = "", profile: str = "plain"
) -> list[ConditionScore]:
    """Each system and task under each condition, in the order of the rows.

    Args:
        rows: their condition is their `subset`; each needs one of `CLEAN` to be compared with.
        metric: of the quality; "": BLEU of translations, F1 of answers, chrF++ of transcripts.

    Raises:
        ValueError: an output under `CLEAN` is missing.
    """
    clean = {_pair(row): row for row in rows if row.subset == CLEAN}
    if lost := [row for row in rows if _pair(row) not in clean]:
        raise ValueError(
            f"{lost[0].id} under {lost[0].subset!r}, one of {len(lost)}, has no output under "
            f"{CLEAN!r}; decode the same clips with and without the conditions"
        )
    groups: dict[tuple[str, str, str], list[OutputRow]] = {}
    for row in rows:
        key = (f"{row.system} {row.strategy}", row.task, row.subset)
        groups.setdefault(key, []).append(row)
    measure = (metric, profile) if metric else None
    return [_score(*key, own, clean, measure) for key, own in groups.items()]


def _score(
    system: str,
    task: str,
    condition: str,
    rows: Sequence[OutputRow],
    clean: Mapping[tuple[OutputKey, str], OutputRow],
    measure: tuple[str, str] | None,
) -> ConditionScore:
    real = [clean[_pair(row)] for row in rows]
    measure = measure or (ASR_QUALITY if task == ASR.name else TASKS[task].metrics[0])
    differ = _pooled(
        rows, lambda own: output_change(own, [clean[_pair(row)].hypothesis for row in own])
    )
    quality, before = (
        _pooled(part, lambda own: row_statistics(own, *measure)) for part in (rows, real)
    )
    ratio = not lower_is_better(measure[0]) and before.scores.all()
    return ConditionScore(
        system=system,
        task=task,
        condition=condition,
        metric=metric_name(*measure),
        dependence=replace(differ.estimate(), lowest=0.0, highest=100.0),
        quality=quality.score(),
        change=(quality - before).estimate(),
        kept=_share(quality, before) if ratio else None,
        empty=100 * sum(not row.hypothesis for row in rows) / len(rows),
        frequent=Counter(row.hypothesis for row in rows).most_common(FREQUENT),
    )


def output_change(rows: Sequence[OutputRow], others: Sequence[str]) -> Statistics:
    """Edits of characters between two outputs for each clip, in percent of the longer ones.

    Edits and not chrF++, which is no distance: it takes two empty outputs for different and is not
    symmetric. Unrelated sentences share characters, so look at the value of "another clip" for
    what a complete change comes to.
    """
    prepare = PROFILES["plain"].prepare
    pairs = [(prepare(row.hypothesis), prepare(o)) for row, o in zip(rows, others, strict=True)]
    counts = [(Levenshtein.distance(a, b), max(len(a), len(b))) for a, b in pairs]
    return Statistics("dependence", np.array(counts, float), percentage, "rapidfuzz|characters")


def unrelated_change(rows: Sequence[OutputRow]) -> dict[str, float]:
    """The change between outputs for unrelated clips, for each system and task: the most to expect.

    Each output under `CLEAN` is held against that for another clip with another reference.
    """
    groups: dict[str, list[OutputRow]] = {}
    for row in rows:
        if row.subset == CLEAN:
            name = f"{row.system} {row.strategy}, {row.task} {row.source}→{row.target}"
            groups.setdefault(name, []).append(row)
    return {
        name: output_change(
            own, shuffled([r.hypothesis for r in own], [r.reference for r in own])
        ).corpus_score
        for name, own in groups.items()
    }


def _share(quality: Replicates, before: Replicates) -> Estimate:
    """The ratio of two scores in percent; influences by the delta method."""
    ratio = quality.scores / before.scores
    influence = 100 * (quality.influence - ratio[:, None] * before.influence)
    influence /= before.scores[:, None]
    found = replace(quality, scores=100 * ratio, influence=influence)
    return replace(found.estimate(), lowest=0.0)


def _pooled(
    rows: Sequence[OutputRow], scorer: Callable[[Sequence[OutputRow]], Statistics]
) -> Replicates:
    """The mean over directions."""
    directions: dict[tuple[str, str], dict[int, list[OutputRow]]] = {}
    for row in rows:
        runs = directions.setdefault((row.source, row.target), {})
        runs.setdefault(row.seed, []).append(row)
    return mean_over_pairs([score_runs_by(runs, scorer) for runs in directions.values()])


def _pair(row: OutputRow) -> tuple[OutputKey, str]:
    """What an output under a condition has in common with the one without."""
    return replace(row.key, subset=CLEAN), row.id
