"""Transfer over languages, each held out alone: against distance, and what the LM can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from lib.display.html import Page, note, table
from lib.display.plots import SMALL, style_axes
from lib.languages import language
from lib.scoring.claims import Measured
from lib.scoring.comparisons import row_statistics
from lib.scoring.outputs import OutputRow
from lib.systems.zero_resource.decodings import READING, WRITING
from lib.systems.zero_resource.distances import Distance, distances
from lib.tasks import ASR, MT, ST

CLAIMS = ("ZR-6", "ZR-6-SOUND")
RESAMPLES = 10_000  # of languages, for the interval of a correlation
LEAST_LANGUAGES = 4  # for a correlation
BLEU, CER = "BLEU", "CER"
TRANSLATED, COPIED = "BLEU of its text", "CER of copying its text"
SHARE = "BLEU, share of its text's"


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """What became of each language, held out alone."""

    distances: list[Distance]
    scores: dict[str, dict[str, float]]  # name of a score -> language -> value


def scores_by_language(rows: Sequence[OutputRow], metric: str, task: str) -> dict[str, float]:
    """The score of each language of the speech; of several seeds the mean.

    Args:
        rows: of one strategy.
    """
    groups: dict[tuple[str, int], list[OutputRow]] = {}
    for row in rows:
        if row.task == task:
            groups.setdefault((row.source, row.seed), []).append(row)
    profile = "gmu" if metric in ("WER", "CER") else "plain"
    found: dict[str, list[float]] = {}
    for (code, _), own in groups.items():
        score = row_statistics(own, metric, profile).corpus_score
        found.setdefault(code, []).append(score)
    return {code: sum(values) / len(values) for code, values in found.items()}


def collect(
    rows: Mapping[str, Sequence[OutputRow]],
    sentences: Sequence[Mapping[str, str]],
    spoken: Sequence[str],
) -> Transfer:
    """Distances and scores of each language.

    Args:
        rows: language -> all rows of the runs in which it was held out alone.
        sentences: in all languages, to compute distances from.
        spoken: all languages of these runs.
    """
    measured: dict[str, dict[str, float]] = {}
    for name, strategy, metric, task in (
        (BLEU, "multi-task", "BLEU", ST),
        (CER, "multi-task", "CER", ASR),
        (TRANSLATED, READING, "BLEU", MT),
        (COPIED, WRITING, "CER", MT),
    ):
        measured[name] = {}
        for code, given in rows.items():
            own = [r for r in given if r.strategy == strategy and r.source == code]
            measured[name] |= scores_by_language(own, metric, task.name)
    reached, bound = measured[BLEU], measured[TRANSLATED]
    measured[SHARE] = {c: reached[c] / bound[c] for c in reached if bound.get(c)}
    return Transfer(distances=distances(sentences, list(rows), spoken), scores=measured)


def transfer_table(found: Sequence[Distance], scores: Mapping[str, Mapping[str, float]]) -> Page:
    """Each language: its distances to the nearest seen one, and its scores.

    Args:
        scores: name of a score -> language -> value.
    """
    if not found:
        return note("No language was held out alone: run --study transfer.")
    rows = []
    for own in found:
        facts = {
            "held out": language(own.code).name,
            "lexical distance": own.lexical,
            "to": own.lexical_nearest,
            "phonetic distance, bits": own.phonetic,
            "to ": own.phonetic_nearest,
        }
        rows.append(facts | {name: by.get(own.code) for name, by in scores.items()})
    return Page(table(rows))


def _explanations(found: Transfer) -> dict[str, dict[str, float]]:
    """What could explain the scores, by the label of its axis."""
    return {
        "lexical distance": {own.code: own.lexical for own in found.distances},
        "phonetic distance, bits": {own.code: own.phonetic for own in found.distances},
        TRANSLATED: found.scores[TRANSLATED],
        COPIED: found.scores[COPIED],
    }


def figure(found: Transfer) -> Figure:
    """BLEU of each language against what could explain it, a panel for each."""
    panels, scores = _explanations(found), found.scores[BLEU]
    drawn = Figure(figsize=(2.3 * len(panels), 2.6), layout="constrained")
    grid = drawn.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, (name, values) in zip(grid, panels.items(), strict=True):
        codes = [code for code in scores if code in values]
        axes.plot([values[c] for c in codes], [scores[c] for c in codes], "o", markersize=4)
        for code in codes:
            at = (values[code], scores[code])
            offset = {"xytext": (3, 3), "textcoords": "offset points"}
            axes.annotate(code, at, fontsize=SMALL, **offset)
        style_axes(axes, name, "BLEU of its speech" if axes is grid[0] else "")
        axes.set_ylim(bottom=0)
    return drawn


def measure(found: Transfer) -> dict[str, Measured]:
    """The claims about distance; none where too few languages were held out."""
    scores = found.scores[BLEU]
    if len(scores) < LEAST_LANGUAGES:
        return {}
    lexical, phonetic, *_ = _explanations(found).values()
    return {
        id: rank_correlation(values, scores)
        for id, values in zip(CLAIMS, (lexical, phonetic), strict=True)
    }


def rank_correlation(values: Mapping[str, float], scores: Mapping[str, float]) -> Measured:
    """Spearman's correlation over languages; its 95 % interval resamples languages."""
    pairs = np.array([[values[code], score] for code, score in scores.items()])
    rng, found = np.random.default_rng(0), []
    while len(found) < RESAMPLES:
        drawn = pairs[rng.integers(len(pairs), size=len(pairs))]
        if all(len(np.unique(column)) > 1 for column in drawn.T):
            found.append(stats.spearmanr(*drawn.T).statistic)
    low, high = np.percentile(found, [2.5, 97.5])
    return Measured(
        value=float(stats.spearmanr(*pairs.T).statistic),
        low=float(low),
        high=float(high),
        seeds=1,
        pairs=len(pairs),
        description=f"rank correlation over {', '.join(scores)}",
    )


def worst(found: Transfer) -> str:
    """The language whose speech is translated worst; "" where none was held out."""
    scores = found.scores[BLEU]
    return min(scores, key=scores.get, default="")
