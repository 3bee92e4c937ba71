"""VoxPopuli: transcribed European Parliament speeches, as get_asr_data cuts them (ACL 2021)."""

from __future__ import annotations

from pathlib import Path

from lib.corpora.sources.genders import gender_of
from lib.corpora.sources.reading import Entries, NotObtained, Table, unknown_language
from lib.languages import iso_code_of, language
from lib.utterance import SPLITS, Utterance

COLUMNS = ("id", "raw_text", "normalized_text", "speaker_id")


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read transcribed_data/LANGUAGE/asr_{train,dev,test}.tsv.

    The text is raw_text, with case and punctuation; if it is empty, normalized_text, and a finding
    counts these lines. There are no translations. en_accented, an extra test set, is not read.
    """
    root = folder / "transcribed_data"
    locale = "*" if spoken is None else language(spoken).locale
    language_folders = sorted({path.parent for path in root.glob(f"{locale}/asr_*.tsv")})
    if not language_folders:
        remedy = "`folder` must be the --root of voxpopuli.get_asr_data, which writes it"
        raise NotObtained(f"{root / str(locale)}/asr_*.tsv is not there; {remedy}")
    for path in language_folders:
        code = iso_code_of("locale", path.name)
        if code is None:
            yield unknown_language(path.name, str(path.relative_to(folder)))
            continue
        for split in SPLITS:
            if (path / f"asr_{split}.tsv").exists():
                yield from _segments(folder, path, code, split)


def _segments(folder: Path, language_folder: Path, code: str, split: str) -> Entries:
    table = Table(language_folder / f"asr_{split}.tsv", folder, COLUMNS)
    normalized_only = []
    for number, row in table:
        name, speaker = row["id"], row["speaker_id"]
        if not row["raw_text"]:
            normalized_only.append(number)
        yield Utterance(
            id=name,
            audio=language_folder / name[:4] / f"{name}.ogg",  # an id starts with the year
            seconds=float("nan"),
            language=code,
            speaker="" if speaker == "None" else speaker,
            gender=gender_of(row.get("gender")),
            split=split,
            texts={code: row["raw_text"] or row["normalized_text"]},
            origin=table.origin(number),
        )
    yield from table.findings
    if normalized_only:
        more = len(normalized_only) - 1
        problem = f"has no raw_text, nor have {more} later lines: normalized_text is used instead"
        remedy = "their text has no case and punctuation, which affects scores of both"
        yield table.finding(normalized_only[0], "raw text", problem, remedy, "noted")
