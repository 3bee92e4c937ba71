"""How a cascade hands errors on: translations of the true transcript beside those of what was heard, by how wrong that was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lib.scoring.metrics import statistics
from lib.scoring.outputs import OutputRow
from lib.scoring.significance import Difference, difference

EDGES = (0.0, 25.0, 50.0)  # percent of words wrong: none, up to a quarter, up to half, more


@dataclass(frozen=True)
class Bucket:
    """The clips whose transcripts have a like share of wrong words."""

    name: str
    metric: str
    n: int
    gold: float  # score of the translator on the true transcripts
    heard: float  # and on what was heard
    lost: Difference  # gold minus heard


def word_errors(heard: Sequence[OutputRow]) -> list[float]:
    """The share of wrong words of each transcript, in percent, as the gmu profile counts (no punctuation, no capitals)."""
    stats = statistics("WER", [r.hypothesis for r in heard], [r.reference for r in heard], heard[0].target, "gmu")
    return [stats.combine(row) for row in stats.rows]


def by_word_errors(
    heard: Sequence[OutputRow], gold: Sequence[OutputRow], cascade: Sequence[OutputRow], metric: str = "chrF++", edges: Sequence[float] = EDGES
) -> list[Bucket]:
    """Buckets of clips, from those heard without an error to the worst ones; empty buckets are left out.

    Args:
        heard: ASR output, of clips with a true transcript.
        gold: what the translator makes of the true transcripts.
        cascade: what it makes of `heard`.
        metric: chrF++ by default, since BLEU of a few short clips says little.
        edges: upper ends of the buckets but the last, in percent.

    Raises:
        ValueError: a clip that was heard was not translated, naming it.
    """
    by_id = [{row.id: row for row in rows} for rows in (gold, cascade)]
    missing = [row.id for row in heard if not all(row.id in rows for rows in by_id)]
    if missing:
        raise ValueError(f"{len(missing)} clips were heard but not translated, first: {missing[0]}")
    gold, cascade = ([rows[row.id] for row in heard] for rows in by_id)
    rates, found = word_errors(heard), []
    lows = (-1.0, *edges)
    for low, high in zip(lows, (*edges, float("inf")), strict=True):
        places = [index for index, rate in enumerate(rates) if low < rate <= high]
        if not places:
            continue
        true, made = ([rows[index] for index in places] for rows in (gold, cascade))
        gap = difference(
            metric, [r.hypothesis for r in true], [r.hypothesis for r in made], [r.reference for r in true], true[0].target,
            [r.speaker for r in true], "plain",
        )  # fmt: skip
        name = "none" if high == 0 else f"over {low:.0f} %" if high == float("inf") else f"up to {high:.0f} %"
        scores = [_score(metric, rows) for rows in (true, made)]
        found.append(Bucket(name, metric, len(places), scores[0], scores[1], gap))
    return found


def _score(metric: str, rows: Sequence[OutputRow]) -> float:
    stats = statistics(metric, [r.hypothesis for r in rows], [r.reference for r in rows], rows[0].target, "plain")
    return stats.combine(stats.rows.sum(0))
