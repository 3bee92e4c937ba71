"""Utterances and corpora: the form in which every corpus provides its data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

SPLITS = ("train", "dev", "test")
SAMPLING_RATE = 16_000  # Hz; all audio is resampled to it
OUTCOMES = ("dropped", "repaired", "noted")


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """A stretch of speech by one speaker, with its text in one or more languages."""

    id: str
    audio: Path  # a file that soundfile reads
    seconds: float
    language: str  # spoken, ISO 639-3
    speaker: str
    split: str  # one of SPLITS
    texts: dict[str, str]  # by language; texts[language] is the transcript
    gender: str = ""  # as the corpus declares it: female, male or another word; empty: not declared
    meaning: str = ""  # equal for utterances that are translations of each other
    start: float | None = None  # seconds into the recording that it is a part of; None: whole file
    question: str = ""  # about the speech
    answers: tuple[str, ...] = ()  # correct ones; a question without any is unanswerable
    source: str = ""  # corpus, the name of its data card
    licence: str = ""  # SPDX identifier where there is one
    origin: str = ""  # file and line that list it, such as "train.tsv:12", within the corpus

    @property
    def sound(self) -> Path:
        """The file, or a media fragment for a part of one, such as `talk.wav#t=12.5,16` (W3C)."""
        if self.start is None:
            return self.audio
        return media_fragment(self.audio, self.start, self.start + self.seconds)


def media_fragment(audio: Path, start: float, end: float) -> Path:
    """The address of a part of a recording, in seconds; `read_audio` accepts it."""
    return Path(f"{audio}#t={start:.3f},{end:.3f}")


@dataclass(frozen=True)
class Dropped:
    """An utterance that was left out; the reason names file, line and remedy."""

    id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A problem in a corpus: where it is, what it is, how to fix it and what became of the data."""

    step: str  # curation step that found it
    id: str = ""  # utterance; empty when the problem concerns a whole file
    origin: str  # file and line
    problem: str  # with the offending value
    remedy: str
    outcome: str = "dropped"  # one of OUTCOMES

    @property
    def reason(self) -> str:
        """The finding as one sentence."""
        return f"{self.origin}: {self.problem}; {self.remedy}"


@dataclass(kw_only=True)
class Corpus:
    """Utterances, and the facts that a record states about them."""

    name: str
    utterances: Sequence[Utterance]
    hash: str  # of the content
    synthetic: bool
    licence: str
    dropped: list[Dropped] = field(default_factory=list)

    def split(self, split: str, language: str | None = None) -> list[Utterance]:
        """The utterances of a split, and of one spoken language if given, in order.

        Raises:
            ValueError: there are none.
        """
        chosen = [u for u in self.utterances if u.split == split and language in (None, u.language)]
        if not chosen:
            counts = Counter((u.split, u.language) for u in self.utterances)
            raise ValueError(
                f"corpus {self.name!r} has no {split!r} utterance"
                f"{f' in {language!r}' if language else ''}; it has {dict(counts) or 'none at all'}"
            )
        return chosen

    def hours(self, split: str | None = None, language: str | None = None) -> float:
        """Hours of speech, of one split or language if given."""
        seconds = (
            u.seconds
            for u in self.utterances
            if split in (None, u.split) and language in (None, u.language)
        )
        return sum(seconds) / 3600
