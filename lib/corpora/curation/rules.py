"""The rules that a corpus is held against, and the steps in which that is done."""

from __future__ import annotations

from dataclasses import dataclass

# licences that ask for no more than the source's name, as IT-IST's run does (2506.17019)
OPEN = ("CC0-1.0", "CC-BY-4.0", "CC-BY-3.0", "CC-BY-2.0", "PDM-1.0", "Unicode-3.0")

# in this order; the funnel has a row for each
STEPS = {
    "listed": "everything that the corpus's lists name",
    "line": "lines that can be read as an utterance",
    "identifier": "no identifier twice",
    "licence": "a licence that the run allows",
    "file": "a sound file that is there, inside the folder, readable and whole",
    "length": "as long as the list says",
    "duration": "neither too short nor longer than the cap",
    "text": "texts with something in them",
    "language": "texts in the language and script that the list says",
    "sound": "neither silent nor clipped",
    "speaking rate": "characters a second within the usual",
    "duplicate": "the same sound, or the same sentence by the same speaker, once",
    "overlap": "no sentence of dev or test in train",
    "speaker": "no speaker of dev or test in train, where that is asked for",
}

# Quality alone does not take an utterance out of a test set: its score would no longer be everybody else's. It is noted.
TRAIN_ONLY = frozenset({"duration", "language", "sound", "speaking rate", "duplicate"})


def outcome(step: str, split: str) -> str:
    """What becomes of an utterance that a step refuses."""
    return "noted" if step in TRAIN_ONLY and split != "train" else "dropped"


@dataclass(frozen=True)
class Rules:
    """What is asked of an utterance. Lengths are in seconds; not in ms, and not rounded."""

    licences: tuple[str, ...] = ()  # SPDX identifiers that are allowed; empty: any
    shortest: float = 0.1
    longest: float = 30.0  # the papers' caps: GMU 30, 45 at test; IT-IST 90 and 45; its text says 120
    tolerance: float = 0.25  # between listed and real length
    wanted: str = ""  # language that every utterance must have a text in; empty: none in particular
    fewest_characters: int = 1  # IT-IST asks for more than 3, which loses short answers and Chinese
    language: bool = True  # hold texts to their language and script
    clipped: float = 0.01  # share of samples at full scale
    quietest: float = -60.0  # dB relative to full scale
    rate_spread: float = 5.0  # robust standard deviations of the logarithm of the speaking rate
    repeats: int = 1  # times that one speaker may say one sentence; 0: any number
    overlap_words: int = 3  # shorter sentences ("thank you") may be on both sides of a split
    speakers: str = "note"  # or "drop": training utterances by speakers of dev or test
    held_out: tuple[str, ...] = ()  # text files, a sentence a line, none of which may be in train or dev
    audio: str = "heard"  # "heard": every sample; "header": only what files say of themselves; "listed": no file is opened

    def __post_init__(self) -> None:
        if self.speakers not in ("note", "drop"):
            raise ValueError(f"speakers is {self.speakers!r}; it is 'note' or 'drop'")
        if self.audio not in ("heard", "header", "listed"):
            raise ValueError(f"audio is {self.audio!r}; it is 'heard', 'header' or 'listed'")
        if not 0 <= self.shortest < self.longest:
            raise ValueError(f"shortest is {self.shortest} s and longest {self.longest} s")


def licences(words: str) -> tuple[str, ...]:
    """What a notebook's parameter means: "" any, "open" those of OPEN, else the identifiers, set apart by commas."""
    return OPEN if words == "open" else tuple(word.strip() for word in words.split(",") if word.strip())
