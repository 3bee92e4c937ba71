"""Error propagation in a cascade: its score by the word error rate of the transcript."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lib.scoring.comparisons import row_difference, row_statistics
from lib.scoring.estimates import Estimate
from lib.scoring.outputs import OutputRow

WER_EDGES = (0.0, 25.0, 50.0)  # percent, upper ends of all buckets but the last


@dataclass(frozen=True, kw_only=True)
class WerBucket:
    """The utterances whose transcripts have a similar word error rate."""

    name: str
    metric: str
    n: int  # utterances
    gold_score: float  # of MT on the true transcripts
    asr_score: float  # of MT on the ASR transcripts
    loss: Estimate  # gold_score minus asr_score


def word_error_rates(transcripts: Sequence[OutputRow]) -> list[float]:
    """Return the WER of each transcript in percent, without case and punctuation."""
    return row_statistics(transcripts, "WER", "gmu").utterance_scores


def bucket_by_wer(
    transcripts: Sequence[OutputRow],
    gold: Sequence[OutputRow],
    cascade: Sequence[OutputRow],
    metric: str = "chrF++",
    edges: Sequence[float] = WER_EDGES,
) -> list[WerBucket]:
    """Score MT of true and of ASR transcripts by the WER of the ASR transcript.

    Args:
        transcripts: ASR outputs, for utterances with a true transcript.
        gold: MT of the true transcripts.
        cascade: MT of `transcripts`.
        metric: chrF++ by default; BLEU of a few short utterances is too noisy.
        edges: upper ends of the buckets but the last, in percent.

    Returns:
        Buckets in order of WER, without the empty ones.

    Raises:
        ValueError: a transcript has no translation.
    """
    by_id = [{row.id: row for row in rows} for rows in (gold, cascade)]
    missing = [row.id for row in transcripts if not all(row.id in rows for rows in by_id)]
    if missing:
        raise ValueError(
            f"{len(missing)} transcripts have no translation, first: {missing[0]}; "
            "translate the whole test set"
        )
    gold, cascade = ([rows[row.id] for row in transcripts] for rows in by_id)
    rates, buckets = word_error_rates(transcripts), []
    for low, high in zip((-1.0, *edges), (*edges, float("inf")), strict=True):
        indices = [index for index, rate in enumerate(rates) if low < rate <= high]
        if not indices:
            continue
        gold_rows, asr_rows = ([rows[index] for index in indices] for rows in (gold, cascade))
        buckets.append(
            WerBucket(
                name=_name(low, high),
                metric=metric,
                n=len(indices),
                gold_score=row_statistics(gold_rows, metric).corpus_score,
                asr_score=row_statistics(asr_rows, metric).corpus_score,
                loss=row_difference(gold_rows, asr_rows, metric),
            )
        )
    return buckets


def _name(low: float, high: float) -> str:
    if high == 0:
        return "none"
    return f"over {low:.0f} %" if high == float("inf") else f"up to {high:.0f} %"
