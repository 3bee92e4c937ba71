"""Baselines: outputs that need no translation model, which a system must beat."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

import numpy as np
from rapidfuzz import fuzz, process

from lib.scoring.metrics import statistics

T = TypeVar("T")

TRANSLATION_METRICS = ("BLEU", "chrF++")  # their sum selects the constant output
MAX_FREQUENT_ANSWERS = 20  # candidates for the constant answer


def constant(
    train: Sequence[str],
    dev: Sequence[str],
    target: str,
    profile: str = "plain",
    max_candidates: int = 200,
) -> str:
    """Return the training sentence with the best BLEU + chrF++ as output for every utterance.

    Args:
        train: training references; the candidates are spread evenly over their lengths.
        dev: development references, which select the sentence.
        target: language of the output, ISO 639-3.
    """
    sentences = sorted(set(train), key=lambda text: (len(text), text))
    candidates = sentences[:: -(-len(sentences) // max_candidates)]
    return _best_constant(tuple(candidates), tuple(dev), target, profile, TRANSLATION_METRICS)


def constant_answer(
    train: Sequence[str], dev: Sequence[str], target: str, profile: str = "plain"
) -> str:
    """Return, of the most frequent training answers, the one with the best F1 for every question.

    Args:
        train: training answers.
        dev: right answers of each development question, one a line.
        target: language of the answers, ISO 639-3.
    """
    candidates = [answer for answer, _ in Counter(train).most_common(MAX_FREQUENT_ANSWERS)]
    return _best_constant(tuple(candidates), tuple(dev), target, profile, ("F1",))


@lru_cache(maxsize=256)  # the points of a grid share their corpus
def _best_constant(
    candidates: tuple[str, ...],
    dev: tuple[str, ...],
    target: str,
    profile: str,
    metrics: tuple[str, ...],
) -> str:
    def dev_score(text: str) -> float:
        hypotheses = [text] * len(dev)
        return sum(
            statistics(metric, hypotheses, dev, target, profile).corpus_score for metric in metrics
        )

    return max(candidates, key=dev_score)


def question_only(
    questions: Sequence[str],
    train_questions: Sequence[str],
    train_answers: Sequence[str],
    otherwise: str,
) -> list[str]:
    """Return the most frequent training answer to each question, without hearing the speech.

    Args:
        otherwise: answer to a question that is not in training.
    """
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    for question, answer in zip(train_questions, train_answers, strict=True):
        answers[question][answer] += 1
    return [
        answers[question].most_common(1)[0][0] if question in answers else otherwise
        for question in questions
    ]


def shuffled(hypotheses: Sequence[T], references: Sequence[str], seed: int = 0) -> list[T]:
    """Give each utterance the hypothesis of another one, with another reference where possible.

    This equals decoding shuffled audio, since a hypothesis does not depend on the other utterances.
    It does depend on a question: where there is one, shuffle the inputs and decode them.
    """
    rng = random.Random(seed)
    order = list(range(len(hypotheses)))
    rng.shuffle(order)
    source = dict(zip(order, order[-1:] + order[:-1], strict=True))  # utterance -> hypothesis
    for index in order:  # swap where source and utterance share their reference
        if references[source[index]] == references[index]:
            for other in order:
                if (
                    references[source[other]] != references[index]
                    and references[source[index]] != references[other]
                ):
                    source[index], source[other] = source[other], source[index]
                    break
    return [hypotheses[source[index]] for index in range(len(hypotheses))]


def nearest_duration(
    seconds: Sequence[float], train_seconds: Sequence[float], train_texts: Sequence[str]
) -> list[str]:
    """Return for each utterance the translation of the training utterance of nearest duration."""
    durations = np.asarray(train_seconds)
    return [train_texts[int(np.abs(durations - value).argmin())] for value in seconds]


def nearest_transcript(
    transcripts: Sequence[str], train_transcripts: Sequence[str], train_texts: Sequence[str]
) -> list[str]:
    """Return for each transcript the translation of the training transcript that is most like it.

    A memory of the training data without any translation model: near transcripts are those with the
    highest normalised edit similarity of their characters.
    """
    found = []
    for transcript in transcripts:
        best = process.extractOne(transcript, train_transcripts, scorer=fuzz.ratio)
        found.append(train_texts[best[2]])
    return found
