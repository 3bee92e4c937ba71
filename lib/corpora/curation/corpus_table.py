"""What the checks that compare utterances need of each, in columns."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lib.corpora import text
from lib.corpora.audio_stats import AudioStats
from lib.corpora.curation.rules import STEPS, Rules
from lib.languages import language
from lib.utterance import SPLITS, Finding, Utterance

KEPT = 0
STEP_NUMBER = {step: number for number, step in enumerate(STEPS)}
TRAIN, TEST = SPLITS.index("train"), SPLITS.index("test")

# a check yields findings with the index of their utterance (None: about the corpus). It sees the
# utterances that earlier checks have kept, and runs to its end before any of its own are dropped
Findings = Iterator[tuple[int | None, Finding]]


def _column(typecode: str) -> Any:
    return field(default_factory=lambda: array(typecode))


@dataclass
class CorpusTable:
    """What the checks need of every utterance, in columns.

    80 bytes for each utterance, and 16 for each text that is long enough for the overlap check.
    """

    split: array = _column("b")  # index in SPLITS
    language: array = _column("h")  # value of `languages`
    speaker: array = _column("l")  # value of `speakers`; -1: unknown
    seconds: array = _column("f")
    characters: array = _column("l")  # of the transcript
    content_key: array = _column("Q")  # fingerprint of all texts and the question
    transcript_key: array = _column("Q")
    audio_key: array = _column("Q")  # hash of the samples; 0: not decoded
    fingerprint: array = _column("Q")  # of the sound, its two halves in turn; 0: none
    recording: array = _column("Q")  # hash of the path
    start: array = _column("f")  # seconds into the recording
    pitch: array = _column("f")  # Hz
    dropped: array = _column("b")  # number of the step; KEPT: none
    # of each text that is long enough for the overlap check:
    sentence_key: array = _column("Q")
    sentence_index: array = _column("l")  # of its utterance
    languages: dict[str, int] = field(default_factory=dict)
    speakers: dict[str, int] = field(default_factory=dict)

    def add(
        self,
        utterance: Utterance,
        findings: Sequence[Finding],
        stats: AudioStats | None,
        rules: Rules,
    ) -> None:
        """Append an utterance, with the findings about it and, if it was decoded, its audio."""
        index = len(self.split)
        code, speaker = utterance.language, utterance.speaker
        known_speaker = self.speakers.setdefault(speaker, len(self.speakers)) if speaker else -1
        dropped = (STEP_NUMBER[f.step] for f in findings if f.outcome == "dropped")
        self.split.append(SPLITS.index(utterance.split))
        self.language.append(self.languages.setdefault(code, len(self.languages)))
        self.speaker.append(known_speaker)
        self.seconds.append(0.0 if math.isnan(utterance.seconds) else utterance.seconds)
        self.characters.append(len(utterance.texts.get(code, "")))
        self.audio_key.append(int(stats.hash, 16) if stats else 0)
        digits = stats.fingerprint if stats else ""
        self.fingerprint.extend(int(half or "0", 16) for half in (digits[:16], digits[16:]))
        self.recording.append(text.text_fingerprint("", str(utterance.audio)))
        self.start.append(utterance.start or 0.0)
        self.pitch.append(stats.pitch_hz if stats else math.nan)
        self.dropped.append(next(dropped, KEPT))
        texts = {c: text.normalize_text(words) for c, words in sorted(utterance.texts.items())}
        # utterances without text are told apart by their files
        content = "\n".join(texts.values()) or str(utterance.sound)
        # a sentence with its translations is said once in each language
        self.content_key.append(text.text_fingerprint(f"{code} {utterance.question}", content))
        self.transcript_key.append(text.text_fingerprint(code, texts.get(code, "")))
        for text_code, normalized in texts.items():
            if long_enough(normalized, text_code, rules):
                self.sentence_key.append(text.text_fingerprint(text_code, normalized))
                self.sentence_index.append(index)

    def drop(self, index: int, step: str) -> None:
        """Mark an utterance as dropped, unless an earlier step has dropped it."""
        if self.dropped[index] == KEPT:
            self.dropped[index] = STEP_NUMBER[step]

    def arrays(self) -> dict[str, np.ndarray]:
        """The columns as numpy arrays that share their memory."""
        columns = {name: value for name, value in vars(self).items() if isinstance(value, array)}
        return {name: np.frombuffer(column, column.typecode) for name, column in columns.items()}


def long_enough(normalized: str, code: str, rules: Rules) -> bool:
    """True if a normalized text is too long to be in two splits by coincidence."""
    by_characters = language(code).unit == "char"
    words = len(normalized) / 2 if by_characters else len(normalized.split())
    return words >= rules.min_overlap_words


def repeats(
    keys: np.ndarray, indices: np.ndarray, split: np.ndarray, allowed: int = 1
) -> Iterator[tuple[int, int]]:
    """Yield (index, index of the first) of equal keys after the first `allowed`.

    Of equal keys, test comes before dev before train.
    """
    order = np.lexsort((indices, -split[indices], keys))
    keys, indices = keys[order], indices[order]
    edges = (
        np.flatnonzero(np.r_[True, keys[1:] != keys[:-1], True]) if len(keys) else np.zeros(1, int)
    )
    for group in np.flatnonzero(np.diff(edges) > allowed):
        start, end = edges[group], edges[group + 1]
        for index in indices[start + allowed : end]:
            yield int(index), int(indices[start])
