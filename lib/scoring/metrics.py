"""Corpus scores by sacreBLEU and jiwer, and of answers to questions, with their signatures.

No metric is implemented here. The libraries, and `lib.scoring.answers`, give the sufficient
statistics of each utterance and the score of a sum of them, from which `lib.scoring.estimates`
makes intervals.
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
from lib.scoring import answers

TRANSCRIBED = "transcribed rate"  # of translations
LOWER_IS_BETTER = frozenset({"WER", "CER", "question rate", "empty rate", TRANSCRIBED})


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


def lower_is_better(metric: str) -> bool:
    """Whether a lower score is better; the metric may be named as in scores.csv, "WER[gmu]"."""
    return metric.partition("[")[0] in LOWER_IS_BETTER


def statistics(
    metric: str, hypotheses: Sequence[str], references: Sequence[str], target: str, profile: str
) -> Statistics:
    """Compute the sufficient statistics of a metric.

    Args:
        metric: BLEU, chrF++, WER, CER; F1 or EM (exact match) of answers; question rate or
            empty rate, the percentage of outputs that are questions or empty; transcribed rate,
            that of translations that are transcripts.
        references: of F1 and EM, all right answers, one a line; the best counts. Of the transcribed
            rate the translation, then the transcript.
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
    if metric in _ANSWER_METRICS:
        return _answer_statistics(metric, hypotheses, references, target, profile)
    prepare = PROFILES[profile].prepare
    hypotheses, references = [prepare(h) for h in hypotheses], [prepare(r) for r in references]
    if metric in ("BLEU", "chrF++"):
        return _sacrebleu_statistics(metric, hypotheses, references, target, profile)
    if metric in ("WER", "CER"):
        return _jiwer_statistics(metric, hypotheses, references, profile)
    known = ", ".join(("BLEU", "chrF++", "WER", "CER", *_ANSWER_METRICS))
    raise ValueError(f"unknown metric {metric!r}; use one of {known}")


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
    return Statistics(metric, rows, _percentage, signature)


def _best(score: Callable[[str, str, str], float]) -> Callable[[str, Sequence[str], str], float]:
    return lambda hypothesis, right, target: max(score(hypothesis, r, target) for r in right)


# metric -> its value for one utterance, from 0 to 1, given the right answers and the language
_ANSWER_METRICS: dict[str, Callable[[str, Sequence[str], str], float]] = {
    "F1": _best(answers.f1),
    "EM": _best(answers.exact_match),
    "question rate": lambda hypothesis, _, target: answers.is_question(hypothesis, target),
    "empty rate": lambda hypothesis, *_: not hypothesis,
    TRANSCRIBED: lambda hypothesis, both, _: answers.is_transcript(hypothesis, *both),
}


def _answer_statistics(
    metric: str, hypotheses: Sequence[str], references: Sequence[str], target: str, profile: str
) -> Statistics:
    prepare, score = PROFILES[profile].prepare, _ANSWER_METRICS[metric]
    rows = [
        (score(prepare(hypothesis), [prepare(r) for r in reference.split("\n")], target), 1)
        for hypothesis, reference in zip(hypotheses, references, strict=True)
    ]
    signature = f"answers:{answers.VERSION}|lang:{target}|profile:{profile}"
    return Statistics(metric, np.array(rows, dtype=np.float64), _percentage, signature)


def _percentage(total: np.ndarray) -> float:
    """100 times a sum over a sum: edits over reference lengths, or values over utterances."""
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
