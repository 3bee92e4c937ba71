"""The gender of speakers, as corpora declare it."""

from __future__ import annotations

from pathlib import Path

from lib.corpora.sources.reading import Lines

# LibriSpeech's and MLS's letters, Common Voice's words since 2024, and words for "not declared"
WORDS = {
    "f": "female",
    "m": "male",
    "female_feminine": "female",
    "male_masculine": "male",
    **dict.fromkeys(("none", "n/a", "unknown", "do_not_wish_to_say"), ""),
}


def gender_of(declared: object) -> str:
    """The `Utterance.gender` of a publisher's word; empty for None."""
    word = str(declared or "").strip().lower()
    return WORDS.get(word, word)


def speaker_genders(path: Path, folder: Path) -> dict[str, str]:
    """Read a list of `SPEAKER | M or F | ...`, if it is there, as genders by speaker."""
    lines = Lines(path, folder) if path.is_file() else ()
    rows = (line.split("|") for _, line in lines if "|" in line)
    return {speaker.strip(): gender_of(gender) for speaker, gender, *_ in rows}
