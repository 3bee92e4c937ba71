"""LibriSpeech: English read from LibriVox audiobooks, as its archives unpack (OpenSLR 12, ICASSP 2015)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import Lines, NotObtained
from lib.utterance import Finding, Utterance

PARTS = ("train-clean-100", "train-clean-360", "train-other-500", "dev-clean", "dev-other", "test-clean", "test-other")


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The sentences of `LibriSpeech/PART/SPEAKER/CHAPTER`, whose `SPEAKER-CHAPTER.trans.txt` has a line `ID TEXT` for each.

    The first word of a part's name is its split: clean and other are one. Parts that are not there are not read.
    """
    if spoken not in (None, "eng"):
        return
    parts = [folder / "LibriSpeech" / part for part in PARTS]
    parts = [part for part in parts if part.is_dir()]
    if not parts:
        packed = [f"{part}.tar.gz" for part in PARTS if (folder / f"{part}.tar.gz").exists()]
        remedy = f"unpack {packed[0]}" if packed else f"`folder` must hold LibriSpeech/ with one or more of {', '.join(PARTS)}"
        raise NotObtained(f"{folder / 'LibriSpeech'} has no part of the corpus; {remedy}")
    for part in parts:
        for path in sorted(part.glob("*/*/*.trans.txt")):
            chapter = path.name.removesuffix(".trans.txt")
            lines = Lines(path, folder)
            for number, line in lines:
                name, _, text = line.partition(" ")
                if not name.startswith(f"{chapter}-"):
                    what = f"starts with {name!r}, not with the name of a sentence of {chapter}"
                    yield Finding("transcript", "", lines.at(number), what, "unpack the archive anew")
                    continue
                yield Utterance(
                    id=name,
                    audio=path.with_name(f"{name}.flac"),
                    seconds=float("nan"),
                    language="eng",
                    speaker=chapter.partition("-")[0],
                    split=part.name.partition("-")[0],
                    texts={"eng": text.strip()},
                    origin=lines.at(number),
                )
            yield from lines.findings
