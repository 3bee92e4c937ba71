"""IWSLT's Tunisian Arabic: telephone calls with English translations (LDC2022E01)."""

from __future__ import annotations

from pathlib import Path

from lib.corpora.sources.reading import Entries, Lines, Table, not_obtained
from lib.utterance import Utterance

SPLIT_OF = {"train": "train", "dev": "dev", "test1": "test"}
COLUMNS = ("start", "end", "speaker", "text")  # the files have no header


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read the files that iwslt22-dialect/{train,dev,test1}.file_id.txt list; test1 is test.

    `folder` holds the unpacked LDC package and a clone of kevinduh/iwslt22-dialect. A file is one
    side of a call. Its translations are held in memory and joined to the transcripts by start time.
    Utterances in exclude-utterance.txt are dropped, as in the shared task. Files in no list have
    transcripts only and are not read.
    """
    if spoken not in (None, "aeb"):
        return
    data = min(folder.glob("LDC2022E01*/data"), default=None)
    if data is None:
        remedy = "`folder` must hold the LDC's package and a clone of kevinduh/iwslt22-dialect"
        archives = sorted(folder.glob("LDC2022E01*gz"))
        raise not_obtained(f"{folder}/LDC2022E01*/data is not there", archives, remedy)
    lists = folder / "iwslt22-dialect"
    faulty = {line.strip() for _, line in Lines(lists / "exclude-utterance.txt", folder)}
    transcripts, translations = (
        {path.name.partition(".")[0]: path for path in (data / kind / "ta").glob("*.tsv")}
        for kind in ("transcripts", "translations")
    )
    for part, split in SPLIT_OF.items():
        listed = Lines(lists / f"{part}.file_id.txt", folder)
        for number, line in listed:
            name = line.strip()
            if name not in transcripts or name not in translations:
                problem = f"data/transcripts/ta or data/translations/ta has no {name}.*.tsv"
                remedy = "unpack the LDC's package again"
                yield listed.finding(number, "file", problem, remedy, id=name)
                continue
            aeb = Table(transcripts[name], folder, header=COLUMNS)
            eng = None
            if written in (None, "eng"):
                eng = Table(translations[name], folder, header=COLUMNS)
            audio = data / "audio" / "ta" / f"{name}.sph"
            yield from _call_side(audio, split, aeb, eng, faulty)
        yield from listed.findings


def _call_side(audio: Path, split: str, aeb: Table, eng: Table | None, faulty: set[str]) -> Entries:
    translations = {row["start"]: (number, row["text"]) for number, row in eng or ()}
    for number, row in aeb:
        name = f"{audio.stem}_{row['start']}"
        _, translation = translations.pop(row["start"], (0, None))
        if f"{audio.stem} {row['start']} {row['end']}" in faulty:
            problem = "is in exclude-utterance.txt, the shared task's list of faulty utterances"
            yield aeb.finding(number, "listed", problem, "nothing to do: it is left out", id=name)
            continue
        try:
            start, end = float(row["start"]), float(row["end"])
        except ValueError:
            problem = f"has the start {row['start']!r} and the end {row['end']!r}"
            remedy = "a line must read START END SPEAKER TEXT, in seconds, with tabs"
            yield aeb.finding(number, "cut", problem, remedy, id=name)
            continue
        yield Utterance(
            id=name,
            audio=audio,
            seconds=round(end - start, 6),  # the list is exact to a millisecond
            language="aeb",
            speaker=row["speaker"],
            split=split,
            texts={"aeb": row["text"]} | ({} if translation is None else {"eng": translation}),
            start=start,
            origin=aeb.origin(number),
        )
    yield from aeb.findings
    if eng:
        for number, _ in translations.values():
            problem = f"no line of {aeb.name} has this start"
            remedy = "compare the starts in the two files"
            yield eng.finding(number, "parallel lines", problem, remedy)
        yield from eng.findings
