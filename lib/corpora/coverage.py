"""What a corpus gives to learn from: hours, speakers, words, and what of the test set is new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from lib.corpora.text import normalize_text
from lib.languages import language
from lib.utterance import SPLITS, Corpus, Utterance


@dataclass(frozen=True, kw_only=True)
class SplitSize:
    """Clips of one split."""

    split: str
    clips: int
    minutes: float
    speakers: int  # 0: not declared
    new_speakers: int  # that the training split does not have
    median_seconds: float
    longest_seconds: float


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Words of a language in the training split, without capitals and punctuation.

    Of languages that are scored by character, such as Chinese, words are characters.
    """

    language: str
    running: int  # words in the training split
    distinct: int
    once: float  # share of the distinct words that occur once
    unseen: float  # share of the test split's running words that training does not have


def split_sizes(corpus: Corpus) -> list[SplitSize]:
    """The size of each split that has clips."""
    known = {u.speaker for u in corpus.utterances if u.split == "train"}
    found = []
    for split in SPLITS:
        clips = [u for u in corpus.utterances if u.split == split]
        if not clips:
            continue
        seconds = [u.seconds for u in clips]
        speakers = {u.speaker for u in clips} - {""}
        found.append(
            SplitSize(
                split=split,
                clips=len(clips),
                minutes=sum(seconds) / 60,
                speakers=len(speakers),
                new_speakers=len(speakers - known),
                median_seconds=median(seconds),
                longest_seconds=max(seconds),
            )
        )
    return found


def vocabulary(corpus: Corpus, code: str) -> Vocabulary | None:
    """The words of a language; None where the training split has no text in it."""
    train = Counter(_words(corpus.utterances, "train", code))
    if not train:
        return None
    test = list(_words(corpus.utterances, "test", code))
    return Vocabulary(
        language=code,
        running=train.total(),
        distinct=len(train),
        once=sum(count == 1 for count in train.values()) / len(train),
        unseen=sum(word not in train for word in test) / len(test) if test else float("nan"),
    )


def _words(utterances: Sequence[Utterance], split: str, code: str) -> Iterable[str]:
    by_character = language(code).unit == "char"
    for utterance in utterances:
        if utterance.split == split and (text := utterance.texts.get(code)):
            normalized = normalize_text(text)
            yield from normalized.replace(" ", "") if by_character else normalized.split()
