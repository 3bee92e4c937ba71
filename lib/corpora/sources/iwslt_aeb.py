"""IWSLT's Tunisian Arabic: telephone calls with English translations (LDC2022E01), in the splits of the shared task of 2022."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import Lines, NotObtained, Table
from lib.utterance import Finding, Utterance

PARTS = {"train": "train", "dev": "dev", "test1": "test"}
COLUMNS = ("start", "end", "speaker", "text")  # the files have no header


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The utterances of the files that iwslt22-dialect/{train,dev,test1}.file_id.txt name; test1 is test.

    `folder` holds the LDC's package, unpacked, and a clone of kevinduh/iwslt22-dialect. A file is one side of a call; its
    translations, held in memory while it is read, are joined to its transcripts by their start. What exclude-utterance.txt
    names is left out, as in the shared task. Files in no list have transcripts only, and are not read.
    """
    if spoken not in (None, "aeb"):
        return
    data = next(iter(sorted(folder.glob("LDC2022E01*/data"))), None)
    if data is None:
        packed = next(iter(sorted(folder.glob("LDC2022E01*gz"))), None)
        hint = (
            f"unpack {packed.name}" if packed else "`folder` must hold the LDC's package and a clone of kevinduh/iwslt22-dialect"
        )
        raise NotObtained(f"{folder}/LDC2022E01*/data is not there; {hint}")
    lists = folder / "iwslt22-dialect"
    faulty = {line.strip() for _, line in Lines(lists / "exclude-utterance.txt", folder)}
    transcripts, translations = (
        {path.name.partition(".")[0]: path for path in (data / kind / "ta").glob("*.tsv")}
        for kind in ("transcripts", "translations")
    )
    for part, split in PARTS.items():
        listed = Lines(lists / f"{part}.file_id.txt", folder)
        for number, line in listed:
            name = line.strip()
            if name not in transcripts or name not in translations:
                what = f"data/transcripts/ta or data/translations/ta has no {name}.*.tsv"
                yield Finding("file", name, listed.at(number), what, "unpack the LDC's package again")
                continue
            aeb = Table(transcripts[name], folder, header=COLUMNS)
            eng = Table(translations[name], folder, header=COLUMNS) if written in (None, "eng") else None
            yield from _side(data / "audio" / "ta" / f"{name}.sph", split, aeb, eng, faulty)
        yield from listed.findings


def _side(audio: Path, split: str, aeb: Table, eng: Table | None, faulty: set[str]) -> Iterator[Utterance | Finding]:
    english = {row["start"]: (number, row["text"]) for number, row in eng or ()}
    for number, row in aeb:
        name = f"{audio.stem}_{row['start']}"
        meant = english.pop(row["start"], None)
        if f"{audio.stem} {row['start']} {row['end']}" in faulty:
            what = "is in exclude-utterance.txt, the shared task's list of faulty utterances"
            yield Finding("listed", name, aeb.at(number), what, "nothing: it is left out")
            continue
        try:
            start, end = float(row["start"]), float(row["end"])
        except ValueError:
            what = f"lies from {row['start']!r} to {row['end']!r}"
            yield Finding("cut", name, aeb.at(number), what, "a line must read START END SPEAKER TEXT, in seconds, with tabs")
            continue
        yield Utterance(
            id=name,
            audio=audio,
            seconds=round(end - start, 6),  # as exact as the list, whose thousandths floating point does not hold
            language="aeb",
            speaker=row["speaker"],
            split=split,
            texts={"aeb": row["text"]} | ({"eng": meant[1]} if meant else {}),
            start=start,
            origin=aeb.at(number),
        )
    yield from aeb.findings
    if eng:
        for number, _ in english.values():
            what = f"no line of {aeb.name} starts when this does"
            yield Finding("parallel lines", "", eng.at(number), what, "look for another start in the two files")
        yield from eng.findings
