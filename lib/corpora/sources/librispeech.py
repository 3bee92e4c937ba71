"""LibriSpeech: English read from LibriVox audiobooks, as its archives unpack (OpenSLR 12, 2015)."""

from __future__ import annotations

from pathlib import Path

from lib.corpora.sources.genders import speaker_genders
from lib.corpora.sources.reading import Entries, Lines, not_obtained
from lib.utterance import Utterance

PARTS = (
    "train-clean-100",
    "train-clean-360",
    "train-other-500",
    "dev-clean",
    "dev-other",
    "test-clean",
    "test-other",
)


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read LibriSpeech/PART/SPEAKER/CHAPTER/SPEAKER-CHAPTER.trans.txt, with a line `ID TEXT` each.

    The first word of a part's name is its split: clean and other are joined. Parts may be absent.
    """
    if spoken not in (None, "eng"):
        return
    parts = [path for part in PARTS if (path := folder / "LibriSpeech" / part).is_dir()]
    if not parts:
        archives = [path for part in PARTS if (path := folder / f"{part}.tar.gz").exists()]
        remedy = f"`folder` must hold LibriSpeech/ with one or more of {', '.join(PARTS)}"
        raise not_obtained(f"{folder / 'LibriSpeech'} has no part of the corpus", archives, remedy)
    genders = speaker_genders(folder / "LibriSpeech" / "SPEAKERS.TXT", folder)
    for part in parts:
        for path in sorted(part.glob("*/*/*.trans.txt")):
            yield from _chapter(Lines(path, folder), part.name.partition("-")[0], genders)


def _chapter(lines: Lines, split: str, genders: dict[str, str]) -> Entries:
    chapter = lines.path.name.removesuffix(".trans.txt")
    for number, line in lines:
        name, _, text = line.partition(" ")
        if not name.startswith(f"{chapter}-"):
            problem = f"starts with {name!r}, which is not the id of a sentence of {chapter}"
            yield lines.finding(number, "transcript", problem, "unpack the archive again")
            continue
        yield Utterance(
            id=name,
            audio=lines.path.with_name(f"{name}.flac"),
            seconds=float("nan"),
            language="eng",
            speaker=chapter.partition("-")[0],
            gender=genders.get(chapter.partition("-")[0], ""),
            split=split,
            texts={"eng": text.strip()},
            origin=lines.origin(number),
        )
    yield from lines.findings
