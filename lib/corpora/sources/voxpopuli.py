"""VoxPopuli: speeches in the European Parliament with transcripts (ACL 2021), as the publisher's `get_asr_data` cuts them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import NotObtained, Table, unknown_language
from lib.languages import iso_code_of, language
from lib.utterance import SPLITS, Finding, Utterance

COLUMNS = ("id", "raw_text", "normalized_text", "speaker_id")


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The segments that `transcribed_data/LANGUAGE/asr_{train,dev,test}.tsv` list; the splits are the corpus's own.

    The text is `raw_text`, with its case and punctuation; where that is empty the normalized text stands for it, and a
    finding says how often. There are no translations. `en_accented` is a test set of its own and is not read.
    """
    root = folder / "transcribed_data"
    chosen = "*" if spoken is None else language(spoken).locale
    homes = sorted({path.parent for path in root.glob(f"{chosen}/asr_*.tsv")})
    if not homes:
        raise NotObtained(
            f"{root / str(chosen)}/asr_*.tsv is not there; `folder` must be the --root of voxpopuli.get_asr_data, which writes it"
        )
    for home in homes:
        if (heard := iso_code_of("locale", home.name)) is None:
            yield unknown_language(home.name, str(home.relative_to(folder)))
            continue
        for split in SPLITS:
            if (home / f"asr_{split}.tsv").exists():
                yield from _segments(folder, home, heard, split)


def _segments(folder: Path, home: Path, heard: str, split: str) -> Iterator[Utterance | Finding]:
    table = Table(home / f"asr_{split}.tsv", folder, COLUMNS)
    bare = []
    for number, row in table:
        if not row["raw_text"]:
            bare.append(number)
        yield Utterance(
            id=row["id"],
            audio=home / row["id"][:4] / f"{row['id']}.ogg",  # an id starts with the session's year
            seconds=float("nan"),
            language=heard,
            speaker="" if row["speaker_id"] == "None" else row["speaker_id"],  # so written where nobody knows
            split=split,
            texts={heard: row["raw_text"] or row["normalized_text"]},
            origin=table.at(number),
        )
    yield from table.findings
    if bare:
        what = f"has no raw_text, nor have {len(bare) - 1} lines after it: their text is the normalized one, in lower case"
        yield Finding("raw text", "", table.at(bare[0]), what, "keep it in mind when you score case and punctuation", "noted")
