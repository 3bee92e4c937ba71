"""Corpus scores by sacreBLEU and jiwer, each with a bootstrap interval and a signature.

No metric is implemented here. The libraries give the sufficient statistics of each utterance and
the score of a sum of them; the bootstrap resamples utterances or speakers.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version

import jiwer
import numpy as np
import sacrebleu
from jaxtyping import Float

from lib.languages import language

RESAMPLES = 1000
MIN_SPEAKERS = 10  # with fewer, utterances are resampled: intervals over few speakers are unstable
PERCENTILES = (2.5, 97.5)  # of the resampled scores: the 95 % interval


@dataclass(frozen=True)
class Profile:
    """How texts are normalised before scoring."""

    name: str
    lower: bool = False
    strip_punctuation: bool = False
    tokenizer_by_language: bool = False  # BLEU tokenizer of the target language; False: 13a

    def prepare(self, text: str) -> str:
        """Normalise a text: NFC, single spaces, and what the profile removes."""
        text = unicodedata.normalize("NFC", text)
        if self.strip_punctuation:
            text = "".join(c for c in text if not unicodedata.category(c).startswith("P"))
        return " ".join((text.lower() if self.lower else text).split())


PROFILES = {
    # character tokens for languages without spaces between words, as in LLM-SRT
    "plain": Profile("plain", tokenizer_by_language=True),
    # GMU: all Unicode punctuation deleted, both sides lower-cased, 13a
    "gmu": Profile("gmu", lower=True, strip_punctuation=True),
}


@dataclass(frozen=True, kw_only=True)
class Score:
    """A score with its 95 % interval. Only scores with equal signatures are comparable."""

    metric: str
    value: float
    low: float
    high: float
    n: int  # utterances
    signature: str


@dataclass(frozen=True)
class Statistics:
    """The sufficient statistics of a metric, a row for each utterance."""

    metric: str
    rows: Float[np.ndarray, "utterances statistics"]
    combine: Callable[[np.ndarray], float]  # from a sum of rows to a score
    signature: str

    @property
    def corpus_score(self) -> float:
        """Score of all utterances together."""
        return self.combine(self.rows.sum(0))

    @property
    def utterance_scores(self) -> list[float]:
        """Score of each utterance alone."""
        return [self.combine(row) for row in self.rows]


def statistics(
    metric: str, hypotheses: Sequence[str], references: Sequence[str], target: str, profile: str
) -> Statistics:
    """Compute the sufficient statistics of a metric.

    Args:
        metric: BLEU, chrF++, WER or CER.
        target: language of the output, ISO 639-3; may decide the BLEU tokenizer.
        profile: a name in `PROFILES`.

    Raises:
        ValueError: no utterance, unequal numbers of hypotheses and references, or an unknown
            metric or profile.
    """
    if len(hypotheses) != len(references) or not references:
        raise ValueError(
            f"{len(hypotheses)} hypotheses for {len(references)} references; "
            "give one hypothesis for each reference, and at least one"
        )
    if profile not in PROFILES:
        raise ValueError(f"unknown scoring profile {profile!r}; use one of {', '.join(PROFILES)}")
    prepare = PROFILES[profile].prepare
    hypotheses, references = [prepare(h) for h in hypotheses], [prepare(r) for r in references]
    if metric in ("BLEU", "chrF++"):
        return _sacrebleu_statistics(metric, hypotheses, references, target, profile)
    if metric in ("WER", "CER"):
        return _jiwer_statistics(metric, hypotheses, references, profile)
    raise ValueError(f"unknown metric {metric!r}; use BLEU, chrF++, WER or CER")


def _sacrebleu_statistics(
    metric: str, hypotheses: list[str], references: list[str], target: str, profile: str
) -> Statistics:
    by_language = PROFILES[profile].tokenizer_by_language
    tokenizer = language(target).bleu_tokenizer if by_language else "13a"
    # texts are normalised by the profile, so that BLEU, chrF++ and WER score the same texts
    if metric == "BLEU":
        scorer = sacrebleu.BLEU(tokenize=tokenizer)
    else:
        scorer = sacrebleu.CHRF(word_order=2)
    rows = scorer._extract_corpus_statistics(hypotheses, [references])
    scorer.num_refs = 1  # otherwise missing in sacreBLEU's signature

    def combine(total: np.ndarray) -> float:
        return float(scorer._compute_score_from_stats(list(total)).score)

    signature = f"{scorer.get_signature()}|profile:{profile}"
    return Statistics(metric, np.array(rows, dtype=np.float64), combine, signature)


def _jiwer_statistics(
    metric: str, hypotheses: list[str], references: list[str], profile: str
) -> Statistics:
    process = jiwer.process_words if metric == "WER" else jiwer.process_characters
    pairs = zip(references, hypotheses, strict=True)
    rows = np.array([_edits(process, *pair) for pair in pairs], dtype=np.float64)
    signature = f"v:jiwer-{version('jiwer')}|profile:{profile}"
    return Statistics(metric, rows, _error_rate, signature)


def _error_rate(total: np.ndarray) -> float:
    """Error rate in percent from the sums of edits and reference lengths."""
    return 100 * float(total[0]) / max(float(total[1]), 1.0)


@lru_cache(maxsize=1 << 16)
def _edits(process: Callable, reference: str, hypothesis: str) -> tuple[int, int]:
    """Count the edits and the reference length of an utterance.

    jiwer refuses an empty reference; every word or character of the hypothesis is an error then.
    """
    if not reference:
        words = process is jiwer.process_words
        return len(hypothesis.split() if words else hypothesis), 0
    out = process(reference, hypothesis)
    edits = out.substitutions + out.deletions + out.insertions
    return edits, out.hits + out.substitutions + out.deletions


def bootstrap_weights(
    speakers: Sequence[str], seed: int = 0
) -> tuple[Float[np.ndarray, "resamples utterances"], str]:
    """Draw the bootstrap resamples of a test set.

    Speakers are resampled where there are at least `MIN_SPEAKERS`, since utterances of one speaker
    are alike; otherwise utterances are.

    Args:
        speakers: of each utterance; "" where unknown.

    Returns:
        How often each resample contains each utterance, and the unit that was resampled.
    """
    names = sorted(set(speakers))
    rng = np.random.default_rng(seed)
    if len(names) >= MIN_SPEAKERS and "" not in names:
        index = np.array([names.index(speaker) for speaker in speakers])
        counts = _draw(rng, len(names))
        return counts[:, index].astype(np.float64), f"speaker({len(names)})"
    return _draw(rng, len(speakers)).astype(np.float64), "utterance"


def _draw(rng: np.random.Generator, units: int) -> np.ndarray:
    return rng.multinomial(units, np.full(units, 1 / units), size=RESAMPLES)


def resampled_scores(
    stats: Statistics, weights: Float[np.ndarray, "resamples utterances"]
) -> Float[np.ndarray, "resamples"]:
    """Return the score of each resample."""
    return np.array([stats.combine(total) for total in weights @ stats.rows])


def score(
    metric: str,
    hypotheses: Sequence[str],
    references: Sequence[str],
    target: str,
    speakers: Sequence[str],
    profile: str,
) -> Score:
    """Return a corpus score with its 95 % bootstrap interval.

    Arguments as for `statistics` and `bootstrap_weights`.
    """
    stats = statistics(metric, hypotheses, references, target, profile)
    weights, unit = bootstrap_weights(speakers)
    low, high = np.percentile(resampled_scores(stats, weights), PERCENTILES)
    return Score(
        metric=metric,
        value=stats.corpus_score,
        low=float(low),
        high=float(high),
        n=len(references),
        signature=f"{stats.signature}|ci:95,boot{RESAMPLES},{unit}",
    )
