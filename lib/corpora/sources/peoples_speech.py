"""The People's Speech: English from the Internet Archive with its captions, cut and aligned by MLCommons (NeurIPS 2021)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import Lines, NotObtained
from lib.utterance import Finding, Utterance

# a part -> the split it is and the licence it bears, where that is not the card's; the parts without _sa are free of share-alike
PARTS = {
    "train/clean": ("train", "CC-BY-4.0"),
    "train/clean_sa": ("train", ""),
    "train/dirty": ("train", "CC-BY-4.0"),
    "train/dirty_sa": ("train", ""),
    "validation/validation": ("dev", ""),
    "test/test": ("test", ""),
}


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The clips of every part that lies there: PART.json, and the archives of PART/ unpacked in it.

    A line of the list is a recording with all its clips, so a line can be long; clips of one recording have one origin.
    The list names no speakers. `validation` is dev; the other splits are the corpus's own.
    """
    if spoken not in (None, "eng"):
        return
    parts = [part for part in PARTS if (folder / part).is_dir()]
    if not parts:
        raise NotObtained(f"{folder}/train/clean is not there, nor is another part; `folder` must hold train/ with its lists")
    for part in parts:
        if not next((folder / part).glob("*.flac"), None):
            raise NotObtained(f"{folder / part} holds no .flac; unpack the .tar archives of {part} in it")
        yield from _clips(folder, part)


def _clips(folder: Path, part: str) -> Iterator[Utterance | Finding]:
    split, licence = PARTS[part]
    lines = Lines(folder / f"{part}.json", folder)
    for number, line in lines:
        try:
            clips = json.loads(line)["training_data"]
            rows = zip(clips["name"], clips["label"], clips["duration_ms"], strict=True)
            listed = [(name, label.strip(), milliseconds / 1000) for name, label, milliseconds in rows]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what = f"is not a recording with its clips ({error!r})"
            yield Finding("list", "", lines.at(number), what, "fetch the list again: it may be cut short")
            continue
        for name, label, seconds in listed:
            yield Utterance(
                id=f"{Path(part).name}-{Path(name).stem}",
                audio=folder / part / name,
                seconds=seconds,
                language="eng",
                speaker="",
                split=split,
                texts={"eng": label},
                licence=licence,
                origin=lines.at(number),
            )
    yield from lines.findings
