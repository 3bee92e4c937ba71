"""The one shape that every corpus gives its material in: an utterance, and a corpus of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Utterance:
    """A stretch of speech by one speaker, with its text in one or more languages."""

    id: str
    audio: Path  # a file that soundfile reads
    seconds: float
    language: str  # spoken, ISO 639-3
    speaker: str
    split: str  # one of SPLITS
    texts: dict[str, str]  # language code -> text; texts[language] is the transcript
    meaning: str = ""  # equal for utterances that say the same thing in several languages
    start: float | None = None  # seconds into the file, where it is a part of a longer recording; None: the whole file
    question: str = ""  # asked about what is said
    answers: tuple[str, ...] = ()  # each of them right; a question without any cannot be answered from what is said
    source: str = ""  # the corpus it comes from, the name of its data card
    licence: str = ""  # SPDX identifier where there is one
    origin: str = ""  # file and line that list it, such as "train.tsv:12", relative to the corpus's folder

    @property
    def sound(self) -> Path:
        """What is heard: the file, or a part of it as a media fragment, such as `talk.wav#t=12.5,16` (W3C)."""
        return self.audio if self.start is None else part(self.audio, self.start, self.start + self.seconds)


def part(audio: Path, start: float, end: float) -> Path:
    """A part of a recording as an address that whoever reads audio understands; in seconds."""
    return Path(f"{audio}#t={start:.3f},{end:.3f}")


@dataclass(frozen=True)
class Dropped:
    """An utterance that was left out, and why: the file, the line and the remedy belong in `reason`."""

    id: str
    reason: str


@dataclass(frozen=True)
class Finding:
    """Something wrong with a corpus's material: where it stands, what it is, what became of it, what to do."""

    step: str  # of curation that found it
    id: str  # of the utterance; empty where it is about a whole file
    origin: str  # file and line
    what: str  # with the value
    remedy: str
    outcome: str = "dropped"  # one of OUTCOMES

    @property
    def reason(self) -> str:
        """All of it in one sentence."""
        return f"{self.origin}: {self.what}; {self.remedy}"


OUTCOMES = ("dropped", "repaired", "noted")


@dataclass
class Corpus:
    """Utterances with what a record must say of them."""

    name: str
    utterances: Sequence[Utterance]
    hash: str  # of the content: two corpora with one hash are the same
    synthetic: bool
    licence: str
    dropped: list[Dropped] = field(default_factory=list)

    def split(self, split: str, language: str | None = None) -> list[Utterance]:
        """The utterances of one split, of one spoken language where given, in the corpus's order.

        Raises:
            ValueError: where there is none, saying what there is.
        """
        chosen = [u for u in self.utterances if u.split == split and language in (None, u.language)]
        if not chosen:
            have = Counter((u.split, u.language) for u in self.utterances)
            raise ValueError(
                f"corpus {self.name!r} has no {split!r} utterance{f' in {language!r}' if language else ''}; "
                f"it has {dict(have) or 'none at all'}"
            )
        return chosen

    def hours(self, split: str | None = None, language: str | None = None) -> float:
        """Hours of speech."""
        return sum(u.seconds for u in self.utterances if split in (None, u.split) and language in (None, u.language)) / 3600
