"""The rules of curation and its steps, in order."""

from __future__ import annotations

from dataclasses import dataclass

# Licences of recordings, texts and labels that require attribution at most, as IT-IST's run does
# (2506.17019). The last two are of software, and so of what a model under them writes.
OPEN_LICENCES = (
    *("CC0-1.0", "CC-BY-4.0", "CC-BY-3.0", "CC-BY-2.0", "PDM-1.0", "Unicode-3.0"),
    *("MIT", "Apache-2.0"),
)
SHARE_ALIKE_LICENCES = ("CC-BY-SA-4.0", "CC-BY-SA-3.0", "CC-BY-SA-2.0")

# what `licences` may name instead of SPDX identifiers, the stricter first
RUNGS = {"open": OPEN_LICENCES, "open-sharealike": OPEN_LICENCES + SHARE_ALIKE_LICENCES}
_NEVER_OPEN = {"NC": "non-commercial", "ND": "no derivatives"}  # parts of SPDX identifiers

# in this order; the funnel has a row for each
STEPS = {
    "listed": "all entries of the corpus's lists",
    "line": "lines that can be read as an utterance",
    "identifier": "unique ids",
    "licence": "a licence that the run allows",
    "file": "a complete, readable audio file inside the corpus folder",
    "length": "audio as long as listed",
    "duration": "audio neither too short nor too long",
    "text": "texts that are not empty",
    "language": "texts in the listed language and script",
    "sound": "audio neither silent nor clipped",
    "speaking rate": "characters a second close to the language's median",
    "duplicate": "no repeated audio or copy of it, and no sentence repeated by its speaker",
    "overlap": "no sentence, and no part of a recording, of dev or test in train",
    "speaker": "no speaker of dev or test in train, if required",
}

# Steps about quality only. Dropping test utterances for these would make scores incomparable with
# published ones, so dev and test keep them, with a note.
TRAIN_ONLY = frozenset({"duration", "language", "sound", "speaking rate", "duplicate"})


def outcome_of(step: str, split: str) -> str:
    """The outcome of an utterance that fails a step: "dropped" or "noted"."""
    return "noted" if step in TRAIN_ONLY and split != "train" else "dropped"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What curation requires of an utterance."""

    licences: tuple[str, ...] = ()  # allowed SPDX identifiers; empty: any
    min_seconds: float = 0.1
    max_seconds: float = 30.0  # GMU: 30, at test 45; IT-IST: 90 and 45, but its text says 120
    tolerance_seconds: float = 0.25  # between listed and actual length
    required_language: str = ""  # of one of the texts; empty: none
    min_characters: int = 1  # of a text; IT-IST's 4 drops short answers and Chinese
    check_language: bool = True  # identify the language and script of texts
    max_clipped_share: float = 0.01  # of the samples
    min_level_db: float = -60.0  # RMS, relative to full scale
    max_rate_deviation: float = 5.0  # of the log speaking rate, in robust standard deviations
    max_repeats: int = 1  # of a sentence by one speaker; 0: any number
    min_overlap_words: int = 3  # shorter sentences ("thank you") may be in several splits
    shared_speakers: str = "note"  # or "drop": training utterances by speakers of dev or test
    held_out: tuple[str, ...] = ()  # text files whose lines must not be in train or dev
    audio: str = "samples"  # decode all audio; "header": read headers only; "none": open no file

    def __post_init__(self) -> None:
        if self.shared_speakers not in ("note", "drop"):
            raise ValueError(f"shared_speakers is {self.shared_speakers!r}; use 'note' or 'drop'")
        if self.audio not in ("samples", "header", "none"):
            raise ValueError(f"audio is {self.audio!r}; use 'samples', 'header' or 'none'")
        if not 0 <= self.min_seconds < self.max_seconds:
            limits = f"min_seconds is {self.min_seconds} and max_seconds {self.max_seconds}"
            raise ValueError(f"{limits}; use 0 <= min_seconds < max_seconds")


def parse_licences(names: str) -> tuple[str, ...]:
    """The licences of a notebook parameter: "" (any), names of `RUNGS` and SPDX identifiers.

    Args:
        names: separated by commas, such as "open" or "CC0-1.0,MIT".

    Raises:
        ValueError: a rung beside a licence that is never open; without a rung it may be named.
    """
    listed = [name.strip() for name in names.split(",") if name.strip()]
    rungs = [name for name in listed if name in RUNGS]
    for name in listed if rungs else []:
        for part, meaning in _NEVER_OPEN.items():
            if part in name.upper().split("-"):
                raise ValueError(
                    f"licences is {names!r}, but {name} ({meaning}) never counts as open; "
                    f"leave it out, or list each licence instead of {rungs[0]!r}"
                )
    return tuple(dict.fromkeys(licence for name in listed for licence in RUNGS.get(name, (name,))))


def licence_remedy(licence: str, allowed: tuple[str, ...]) -> str:
    """What to do about a licence that is not allowed: which rung would admit it; "" if allowed.

    Args:
        allowed: SPDX identifiers; empty: any licence is allowed.
    """
    if not allowed or licence in allowed:
        return ""
    admitted = [rung for rung, licences in RUNGS.items() if licence in licences]
    if admitted:
        return f"the run allows {', '.join(allowed)}; {admitted[0]!r} would admit it"
    remedy = f"neither {' nor '.join(map(repr, RUNGS))} admits it"
    return f"the run allows {', '.join(allowed)}; {remedy}: list it by name if you may use it"
