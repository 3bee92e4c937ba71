"""Corpus scores by sacreBLEU and jiwer, each with an interval and a signature that says how it was made.

No metric is implemented here: the libraries give the sufficient statistics of every utterance and the score of a sum
of them, and the bootstrap resamples the utterances.
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
FEWEST_SPEAKERS = 10  # with fewer, resampling speakers says more about chance than about the system


@dataclass(frozen=True)
class Profile:
    """How texts are prepared before they are compared."""

    name: str
    lower: bool = False
    strip_punctuation: bool = False
    by_language: bool = False  # character tokens for languages that do not set words apart (LLM-SRT)

    def prepare(self, text: str) -> str:
        """The text as this profile compares it: NFC, spaces folded, and what the profile takes away."""
        text = unicodedata.normalize("NFC", text)
        if self.strip_punctuation:
            text = "".join(c for c in text if not unicodedata.category(c).startswith("P"))
        return " ".join((text.lower() if self.lower else text).split())


PROFILES = {
    "plain": Profile("plain", by_language=True),
    # GMU's scoring: every Unicode punctuation character deleted, both sides lower-cased, 13a
    "gmu": Profile("gmu", lower=True, strip_punctuation=True),
}


@dataclass(frozen=True)
class Score:
    """A score, its 95 % interval, and what makes it comparable with another one."""

    metric: str
    value: float
    low: float
    high: float
    n: int  # utterances
    signature: str


@dataclass(frozen=True)
class Statistics:
    """Everything a metric needs of a set of utterances: a row each, and how to turn a sum of rows into a score."""

    metric: str
    rows: Float[np.ndarray, "utterances statistics"]
    combine: Callable[[np.ndarray], float]
    signature: str


def statistics(metric: str, hypotheses: Sequence[str], references: Sequence[str], target: str, profile: str) -> Statistics:
    """The statistics of a metric.

    Args:
        metric: BLEU, chrF++, WER or CER.
        target: ISO 639-3 code of the output; decides the tokenizer where the profile leaves it open.
        profile: a name in PROFILES.

    Raises:
        ValueError: unlike numbers of hypotheses and references, no utterance, or an unknown metric or profile.
    """
    if len(hypotheses) != len(references) or not references:
        raise ValueError(
            f"{len(hypotheses)} hypotheses for {len(references)} references; a score needs one for each, and one at least"
        )
    if profile not in PROFILES:
        raise ValueError(f"unknown scoring profile {profile!r}; known are {', '.join(PROFILES)}")
    how = PROFILES[profile]
    said, meant = [how.prepare(text) for text in hypotheses], [how.prepare(text) for text in references]
    if metric in ("BLEU", "chrF++"):
        tokenizer = language(target).bleu_tokenizer if how.by_language else "13a"
        # everything is prepared above, so that BLEU, chrF and WER see the same texts
        scorer = sacrebleu.BLEU(tokenize=tokenizer) if metric == "BLEU" else sacrebleu.CHRF(word_order=2)
        rows = np.array(scorer._extract_corpus_statistics(said, [meant]), dtype=np.float64)
        scorer.num_refs = 1  # else sacreBLEU's signature does not say it
        signature = f"{scorer.get_signature()}|profile:{profile}"
        return Statistics(metric, rows, lambda total: float(scorer._compute_score_from_stats(list(total)).score), signature)
    if metric in ("WER", "CER"):
        process = jiwer.process_words if metric == "WER" else jiwer.process_characters
        rows = np.array([_edits(process, *pair) for pair in zip(meant, said, strict=True)], dtype=np.float64)
        signature = f"v:jiwer-{version('jiwer')}|profile:{profile}"
        return Statistics(metric, rows, lambda total: 100 * float(total[0]) / max(float(total[1]), 1.0), signature)
    raise ValueError(f"unknown metric {metric!r}; known are BLEU, chrF++, WER, CER")


@lru_cache(maxsize=1 << 16)
def _edits(process: Callable, meant: str, said: str) -> tuple[int, int]:
    """Edits and reference length of one utterance; jiwer refuses an empty reference, where all that is said is wrong."""
    if not meant:
        return len(said.split() if process is jiwer.process_words else said), 0
    out = process(meant, said)
    return out.substitutions + out.deletions + out.insertions, out.hits + out.substitutions + out.deletions


def weights(speakers: Sequence[str], seed: int = 0) -> tuple[Float[np.ndarray, "resamples utterances"], str]:
    """How often each utterance is drawn in each resample, and the unit that was resampled.

    Speakers are the unit where there are at least ten (utterances of one speaker are alike), else utterances.
    """
    names = sorted(set(speakers))
    random = np.random.default_rng(seed)
    if len(names) >= FEWEST_SPEAKERS and "" not in names:
        member = np.array([names.index(speaker) for speaker in speakers])
        drawn = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES)
        return drawn[:, member].astype(np.float64), f"speaker({len(names)})"
    drawn = random.multinomial(len(speakers), np.full(len(speakers), 1 / len(speakers)), size=RESAMPLES)
    return drawn.astype(np.float64), "utterance"


def resampled(stats: Statistics, drawn: Float[np.ndarray, "resamples utterances"]) -> Float[np.ndarray, "resamples"]:
    """The metric of each resample."""
    return np.array([stats.combine(total) for total in drawn @ stats.rows])


def score(
    metric: str, hypotheses: Sequence[str], references: Sequence[str], target: str, speakers: Sequence[str], profile: str
) -> Score:
    """A corpus score with its 95 % bootstrap interval. Arguments as for `statistics` and `weights`."""
    stats = statistics(metric, hypotheses, references, target, profile)
    drawn, unit = weights(speakers)
    low, high = np.percentile(resampled(stats, drawn), [2.5, 97.5])
    value = stats.combine(stats.rows.sum(0))
    signature = f"{stats.signature}|ci:95,boot{RESAMPLES},{unit}"
    return Score(metric, value, float(low), float(high), len(references), signature)
