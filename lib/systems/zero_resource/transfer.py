"""Transfer over languages, each held out alone: against distance, and what the LM can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

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


def explanations(found: Transfer) -> dict[str, dict[str, float]]:
    """What could explain the scores, by the label of its axis; what is not known is left out."""
    lexical = {own.code: own.lexical for own in found.distances}
    phonetic = {own.code: own.phonetic for own in found.distances}
    named = {"lexical distance": lexical, "phonetic distance, bits": phonetic}
    named |= {name: found.scores[name] for name in (TRANSLATED, COPIED)}
    return {
        name: {code: value for code, value in values.items() if value is not None}
        for name, values in named.items()
    }


def measure(found: Transfer) -> dict[str, Measured]:
    """The claims about distance; none where too few languages were held out."""
    lexical, phonetic, *_ = explanations(found).values()
    measured = {
        id: rank_correlation(values, found.scores[BLEU])
        for id, values in zip(CLAIMS, (lexical, phonetic), strict=True)
    }
    return {id: own for id, own in measured.items() if own}


def rank_correlation(values: Mapping[str, float], scores: Mapping[str, float]) -> Measured | None:
    """Spearman's correlation over languages; its 95 % interval resamples languages.

    Returns:
        None of fewer than four languages, or where all have the same value or score.
    """
    codes = [code for code in scores if code in values]
    pairs = np.array([[values[code], scores[code]] for code in codes])
    if len(codes) < LEAST_LANGUAGES or not _varies(pairs):
        return None
    rng, found = np.random.default_rng(0), []
    while len(found) < RESAMPLES:
        drawn = pairs[rng.integers(len(pairs), size=len(pairs))]
        if _varies(drawn):
            found.append(stats.spearmanr(*drawn.T).statistic)
    low, high = np.percentile(found, [2.5, 97.5])
    return Measured(
        value=float(stats.spearmanr(*pairs.T).statistic),
        low=float(low),
        high=float(high),
        seeds=1,
        pairs=len(pairs),
        description=f"rank correlation over {', '.join(codes)}",
    )


def _varies(pairs: np.ndarray) -> bool:
    return all(len(np.unique(column)) > 1 for column in pairs.T)


def worst(found: Transfer) -> str:
    """The language whose speech is translated worst; "" where none was held out."""
    scores = found.scores[BLEU]
    return min(scores, key=scores.get, default="")
