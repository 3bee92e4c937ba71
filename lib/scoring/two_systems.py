"""Two systems on the same clips, and two metrics on the same outputs: where they disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import sacrebleu
from scipy.stats import rankdata

from lib.scoring.comparisons import (
    check_same_test_set,
    row_statistics,
    rows_of,
    share_of_rows,
)
from lib.scoring.estimates import Estimate
from lib.scoring.metrics import PROFILES, bleu_tokenizer, lower_is_better
from lib.scoring.outputs import OutputRow

MARGIN = 5.0  # points of chrF++; a smaller difference of one utterance is a tie


@dataclass(frozen=True, kw_only=True)
class WinTieLoss:
    """How often each of two systems is better, in percent of the clips."""

    wins: Estimate
    ties: Estimate
    losses: Estimate
    differences: tuple[float, ...]  # of each clip, in the order of the rows; above 0 is a win


def win_tie_loss(
    rows: Sequence[OutputRow],
    strategy: str,
    other: str,
    metric: str = "chrF++",
    profile: str = "plain",
    margin: float = MARGIN,
) -> WinTieLoss:
    """Compare one strategy with another clip by clip.

    Args:
        margin: the largest difference that is a tie, in points of the metric.

    Raises:
        ValueError: a strategy has no rows, or the two have different test sets.
    """
    own, others = rows_of(rows, strategy), rows_of(rows, other)
    check_same_test_set(own, others)
    scores = [np.array(utterance_scores(part, metric, profile)) for part in (own, others)]
    differences = (scores[0] - scores[1]) * (-1 if lower_is_better(metric) else 1)
    shares = [differences > margin, np.abs(differences) <= margin, differences < -margin]
    signature = f"margin:{margin:g}"
    wins, ties, losses = (share_of_rows(own, holds.tolist(), signature) for holds in shares)
    found = tuple(float(value) for value in differences)
    return WinTieLoss(wins=wins, ties=ties, losses=losses, differences=found)


def utterance_scores(
    rows: Sequence[OutputRow], metric: str = "chrF++", profile: str = "plain"
) -> list[float]:
    """The score of each output alone; the rows may be of several target languages.

    BLEU is sacreBLEU's sentence BLEU, which counts no n-gram that the output is too short for:
    otherwise a perfect phrase of three words would have 0.
    """
    by_target: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        by_target.setdefault(row.target, []).append(index)
    scores = [0.0] * len(rows)
    for indices in by_target.values():
        chosen = [rows[index] for index in indices]
        if metric == "BLEU":
            own = _sentence_bleu(chosen, profile)
        else:
            own = row_statistics(chosen, metric, profile).utterance_scores
        for index, score in zip(indices, own, strict=True):
            scores[index] = score
    return scores


def _sentence_bleu(rows: Sequence[OutputRow], profile: str) -> list[float]:
    prepare, tokenizer = PROFILES[profile].prepare, bleu_tokenizer(rows[0].target, profile)
    scorer = sacrebleu.BLEU(tokenize=tokenizer, effective_order=True)
    texts = [(prepare(row.hypothesis), prepare(row.reference)) for row in rows]
    return [scorer.sentence_score(output, [reference]).score for output, reference in texts]


def rank_differences(scores: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """Where metrics disagree: each output's rank by one minus its rank by another, for each two.

    Ranks are shares of the outputs from 0 to 1, so 0.5 means that one metric takes a middling
    output for the best, or for the worst.

    Args:
        scores: metric -> a score of each output, the higher the better.
    """
    names = list(scores)
    ranks = {name: rankdata(values) / len(values) for name, values in scores.items()}
    return pd.DataFrame(
        {
            f"{one} − {other}": ranks[one] - ranks[other]
            for number, one in enumerate(names)
            for other in names[number + 1 :]
        }
    )
