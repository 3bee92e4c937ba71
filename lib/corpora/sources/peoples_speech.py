"""The People's Speech: English from the Internet Archive with its captions (MLCommons, 2021)."""

from __future__ import annotations

from pathlib import Path

from lib.bounded import parse_json
from lib.corpora.sources.reading import Entries, Lines, NotObtained
from lib.utterance import Utterance

# part -> split, and licence if it is not the card's: parts without _sa are free of share-alike
PARTS = {
    "train/clean": ("train", "CC-BY-4.0"),
    "train/clean_sa": ("train", ""),
    "train/dirty": ("train", "CC-BY-4.0"),
    "train/dirty_sa": ("train", ""),
    "validation/validation": ("dev", ""),
    "test/test": ("test", ""),
}


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read the parts that are there: PART.json, with the archives of PART/ unpacked in it.

    A line of a list is a recording with all its clips, so its clips share an origin. Speakers are
    not listed. `validation` is dev.
    """
    if spoken not in (None, "eng"):
        return
    parts = [part for part in PARTS if (folder / part).is_dir()]
    if not parts:
        problem = f"{folder}/train/clean is not there, nor is another part"
        raise NotObtained(f"{problem}; `folder` must hold train/ with its lists")
    for part in parts:
        if not next((folder / part).glob("*.flac"), None):
            remedy = f"unpack the .tar archives of {part} in it"
            raise NotObtained(f"{folder / part} holds no .flac; {remedy}")
        yield from _clips(folder, part)


def _clips(folder: Path, part: str) -> Entries:
    split, licence = PARTS[part]
    lines = Lines(folder / f"{part}.json", folder)
    for number, line in lines:
        try:
            recording = parse_json(line)["training_data"]
            columns = (recording["name"], recording["label"], recording["duration_ms"])
            clips = [
                (str(name), text.strip(), ms / 1000)
                for name, text, ms in zip(*columns, strict=True)
            ]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = f"is not a recording with its clips ({error!r})"
            remedy = "download the list again: it may be truncated"
            yield lines.finding(number, "list", problem, remedy)
            continue
        for name, text, seconds in clips:
            yield Utterance(
                id=f"{Path(part).name}-{Path(name).stem}",
                audio=folder / part / name,
                seconds=seconds,
                language="eng",
                speaker="",
                split=split,
                texts={"eng": text},
                licence=licence,
                origin=lines.origin(number),
            )
    yield from lines.findings
