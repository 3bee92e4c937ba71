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
from pathlib import Path

import jiwer
import numpy as np
import sacrebleu
from jaxtyping import Float
from sacrebleu.tokenizers import tokenizer_spm

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
    whisper_errors: bool = False  # WER and CER after Whisper's normaliser

    def prepare(self, text: str) -> str:
        """Normalise a text: NFC, single spaces, and what the profile removes."""
        text = unicodedata.normalize("NFC", text)
        if self.strip_punctuation:
            text = "".join(c for c in text if not unicodedata.category(c).startswith("P"))
        return " ".join((text.lower() if self.lower else text).split())

    def prepare_transcript(self, text: str) -> str:
        """Normalise a text for WER and CER.

        Whisper's normaliser lower-cases, deletes what stands in brackets, <>, [] or (), and puts a
        space for each symbol, punctuation and combining mark: diacritics that have no composed
        letter, so the vowel signs of Thai and Hindi too. Numbers stay as they are written.
        """
        return self.prepare(_whisper_normalizer()(text) if self.whisper_errors else text)


PROFILES = {
    # character tokens for languages without spaces between words, as in LLM-SRT
    "plain": Profile("plain", tokenizer_by_language=True),
    # GMU: all Unicode punctuation deleted, both sides lower-cased, 13a
    "gmu": Profile("gmu", lower=True, strip_punctuation=True),
    # LLM-SRT's second release: translations as plain, transcripts by Whisper's normaliser
    "llm_srt": Profile("llm_srt", tokenizer_by_language=True, whisper_errors=True),
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
        metric: BLEU, spBLEU, chrF++, WER, CER; F1 or EM (exact match) of answers; question rate or
            empty rate, the percentage of outputs that are questions or empty; transcribed rate,
            that of translations that are transcripts.
        references: of F1 and EM, all right answers, one a line; the best counts. Of the transcribed
            rate the translation, then the transcript.
        target: language of the output, ISO 639-3; may decide the BLEU tokenizer.
        profile: a name in `PROFILES`.

    Raises:
        ValueError: no utterance, unequal numbers of hypotheses and references, an unknown metric
            or profile, or no subword model for spBLEU.
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
    if metric in ("WER", "CER"):
        prepare = PROFILES[profile].prepare_transcript
    else:
        prepare = PROFILES[profile].prepare
    hypotheses, references = [prepare(h) for h in hypotheses], [prepare(r) for r in references]
    if metric in ("BLEU", "spBLEU", "chrF++"):
        return _sacrebleu_statistics(metric, hypotheses, references, target, profile)
    if metric in ("WER", "CER"):
        return _jiwer_statistics(metric, hypotheses, references, profile)
    known = ", ".join(("BLEU", "spBLEU", "chrF++", "WER", "CER", *_ANSWER_METRICS))
    raise ValueError(f"unknown metric {metric!r}; use one of {known}")


def bleu_tokenizer(target: str, profile: str) -> str:
    """sacreBLEU's tokenizer for a target language under a profile."""
    return language(target).bleu_tokenizer if PROFILES[profile].tokenizer_by_language else "13a"


def _sacrebleu_statistics(
    metric: str, hypotheses: list[str], references: list[str], target: str, profile: str
) -> Statistics:
    tokenizer = bleu_tokenizer(target, profile)
    # texts are normalised by the profile, so that BLEU, chrF++ and WER score the same texts
    if metric == "BLEU":
        scorer = sacrebleu.BLEU(tokenize=tokenizer)
    elif metric == "spBLEU":
        scorer = _sp_bleu()
    else:
        scorer = sacrebleu.CHRF(word_order=2)
    rows = scorer._extract_corpus_statistics(hypotheses, [references])
    scorer.num_refs = 1  # otherwise missing in sacreBLEU's signature

    def combine(total: np.ndarray) -> float:
        return float(scorer._compute_score_from_stats(list(total)).score)

    signature = f"{scorer.get_signature()}|profile:{profile}"
    return Statistics(metric, np.array(rows, dtype=np.float64), combine, signature)


@lru_cache(maxsize=1)
def _sp_bleu() -> sacrebleu.BLEU:
    """BLEU on the subwords of FLORES-200, whose model sacreBLEU downloads when it first needs it.

    Raises:
        ValueError: the model is not there and cannot be downloaded, or is not one.
    """
    url = tokenizer_spm.SPM_MODELS["flores200"]["url"]
    path = Path(tokenizer_spm.SACREBLEU_DIR, "models", url.rpartition("/")[2])
    try:
        return sacrebleu.BLEU(tokenize="flores200")
    # urllib's errors are OSErrors; sacreBLEU exits at a bad certificate, SentencePiece raises
    # RuntimeErrors of its own
    except (OSError, RuntimeError, SystemExit) as error:
        raise ValueError(
            f"spBLEU needs the subword model of FLORES-200: download {url} and save it as {path} "
            f"(or in models/ of another folder, named by the environment variable SACREBLEU before "
            f"Python starts): {error}"
        ) from error


def _jiwer_statistics(
    metric: str, hypotheses: list[str], references: list[str], profile: str
) -> Statistics:
    process = jiwer.process_words if metric == "WER" else jiwer.process_characters
    pairs = zip(references, hypotheses, strict=True)
    rows = np.array([_edits(process, *pair) for pair in pairs], dtype=np.float64)
    signature = f"v:jiwer-{version('jiwer')}|profile:{profile}"
    return Statistics(metric, rows, percentage, signature)


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
    return Statistics(metric, np.array(rows, dtype=np.float64), percentage, signature)


def percentage(total: np.ndarray) -> float:
    """100 times a sum over a sum: edits over reference lengths, or values over utterances."""
    return 100 * float(total[0]) / max(float(total[1]), 1.0)


@lru_cache(maxsize=1)
def _whisper_normalizer() -> Callable[[str], str]:
    # imports torch, seconds that no other score costs
    from transformers.models.whisper.english_normalizer import BasicTextNormalizer

    return BasicTextNormalizer()


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


def transcript_error_rate(transcripts: Sequence[tuple[str, str, str]]) -> float:
    """Percent of all transcripts together: words, or characters for Chinese and the like.

    Args:
        transcripts: language, reference and output of each.
    """
    edits = []
    for code, reference, text in transcripts:
        metric = "CER" if language(code).unit == "char" else "WER"
        edits.append(statistics(metric, [text], [reference], code, "gmu").rows[0])
    return percentage(np.sum(edits, axis=0)) if edits else 0.0
