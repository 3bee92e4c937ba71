"""IWSLT's Quechua-Spanish: radio speech of the Siminchik corpus, repository of 2024 (or 2023)."""

from __future__ import annotations

from pathlib import Path

from lib.corpora.sources.reading import (
    YAML_FORM,
    Entries,
    Lines,
    NotObtained,
    parallel_segments,
    parse_yaml,
)
from lib.utterance import Finding, Utterance

FOLDERS = ("que_spa_constrained", "que_spa_clean")  # its name in 2024, and in 2023
SPLIT_OF = {"train": "train", "valid": "dev", "test": "test"}
SUFFIXES = {"que": (".que",), "spa": (".spa.tc", ".spa")}  # true-cased Spanish is preferred


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read que_spa_constrained/{train,valid,test}, which are train, dev and test.

    txt/PART.yaml lists the clips; PART.que and PART.spa.tc (or PART.spa) are held in memory for the
    join. A test set without test.que has translations only. que_spa_synthetic_translation is not
    read.
    """
    if spoken not in (None, "que"):
        return
    corpus = next((folder / name for name in FOLDERS if (folder / name).is_dir()), None)
    if corpus is None:
        remedy = "`folder` must be a clone of Llamacha/IWSLT2024_Quechua_data"
        raise NotObtained(f"{folder / FOLDERS[0]} is not there; {remedy}")
    languages = ["que", "spa"] if written in (None, "spa") else ["que"]
    for part in SPLIT_OF:
        txt = corpus / part / "txt"
        texts = {}
        for code in languages:
            paths = [path for end in SUFFIXES[code] if (path := txt / f"{part}{end}").exists()]
            if paths:
                texts[code] = Lines(paths[0], folder)
        if texts:
            yield from _clips(Lines(txt / f"{part}.yaml", folder), texts)
        else:
            names = " or ".join(f"{part}{end}" for code in languages for end in SUFFIXES[code])
            yield Finding(
                step="split",
                origin=str(txt.relative_to(folder)),
                problem=f"not read: it has no {names}",
                remedy="take the clone of 2024, whose test set has one",
                outcome="noted",
            )


def _clips(listed: Lines, texts: dict[str, Lines]) -> Entries:
    for segment in parallel_segments(listed, texts, parse_yaml, YAML_FORM):
        if isinstance(segment, Finding):
            yield segment
            continue
        yield Utterance(
            id=Path(segment.audio).stem,
            audio=listed.path.parent.parent / "wav" / segment.audio,
            seconds=segment.seconds,
            language="que",
            speaker=segment.speaker,
            split=SPLIT_OF[listed.path.stem],
            texts=segment.texts,
            start=segment.start or None,  # clips are cut already: a start of 0 is the whole file
            origin=segment.origin,
        )
