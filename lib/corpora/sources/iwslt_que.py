"""IWSLT's Quechua-Spanish: radio speech from the Siminchik corpus, in the layout of its repository of 2024 (or 2023)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import Lines, NotObtained, cut, parallel
from lib.utterance import Finding, Utterance

HOMES = ("que_spa_constrained", "que_spa_clean")  # what it is called in 2024, and in 2023
PARTS = {"train": "train", "valid": "dev", "test": "test"}


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The clips of que_spa_constrained/{train,valid,test}, which are train, dev and test.

    txt/PART.yaml lists them, a line each, in the order of txt/PART.que and txt/PART.spa, which are held in memory for the join.
    Spanish is taken from PART.spa.tc, the publisher's true-cased text, where it is there. A test set is published without
    transcripts: without test.que, its utterances have a translation only. que_spa_synthetic_translation is not read.
    """
    if spoken not in (None, "que"):
        return
    home = next((folder / name for name in HOMES if (folder / name).is_dir()), None)
    if home is None:
        raise NotObtained(f"{folder / HOMES[0]} is not there; `folder` must be a clone of Llamacha/IWSLT2024_Quechua_data")
    for part in PARTS:
        txt = home / part / "txt"
        ends = {"que": (".que",)} | ({"spa": (".spa.tc", ".spa")} if written in (None, "spa") else {})
        found = {code: [path for end in some if (path := txt / f"{part}{end}").exists()] for code, some in ends.items()}
        texts = {code: Lines(paths[0], folder) for code, paths in found.items() if paths}
        if texts:
            yield from _clips(folder, txt / f"{part}.yaml", texts)
        else:
            what = f"not read: it has no {' or '.join(f'{part}{end}' for some in ends.values() for end in some)}"
            yield Finding(
                "split", "", str(txt.relative_to(folder)), what, "take the clone of 2024, whose test set has one", "noted"
            )


def _clips(folder: Path, path: Path, texts: dict[str, Lines]) -> Iterator[Utterance | Finding]:
    clips = Lines(path, folder)
    for entry in parallel(clips, texts):
        if isinstance(entry, Finding):
            yield entry
            continue
        number, line, said = entry
        index = cut(clips, number, line)
        if isinstance(index, Finding):
            yield index
            continue
        name, start, seconds, speaker = index
        yield Utterance(
            id=Path(name).stem,
            audio=path.parent.parent / "wav" / name,
            seconds=seconds,
            language="que",
            speaker=speaker,
            split=PARTS[path.stem],
            texts=said,
            start=start or None,  # clips are cut already: what starts at 0 is the whole file
            origin=clips.at(number),
        )
