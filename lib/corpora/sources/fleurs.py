"""FLEURS: FLoRes sentences read aloud in 102 languages, in the layout of google/fleurs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.genders import gender_of
from lib.corpora.sources.reading import Entries, NotObtained, Table, not_obtained, unknown_language
from lib.languages import iso_code_of
from lib.utterance import SPLITS, Finding, Utterance

LISTED_RATE = 16_000  # Hz, of num_samples
# of the lists, which have no header
COLUMNS = (
    "id",
    "file_name",
    "raw_transcription",
    "transcription",
    "_",
    "num_samples",
    "gender",
)


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read data/LANGUAGE/{train,dev,test}.tsv; the text is the raw transcription.

    An id in the lists stands for a sentence in every language and by every speaker; it becomes the
    `meaning`. A translation is the sentence of the same id in the same split of another language:
    never of another split, so that no test sentence enters train as a translation. An id in several
    splits is noted. All sentences (2009 a language) are held in memory for this join. A language
    without audio still gives translations.
    """
    if not (folder / "data").is_dir():
        remedy = "`folder` must be the repository google/fleurs, with data/LANGUAGE/"
        raise NotObtained(f"{folder / 'data'} is not there; {remedy}")
    tables: dict[str, list[Table]] = {}
    for path in sorted((folder / "data").iterdir()):
        code = iso_code_of("fleurs", path.name)
        if code and (code in (spoken, written) or not (spoken and written)):
            lists = [path / f"{split}.tsv" for split in SPLITS]
            tables[code] = [Table(p, folder, header=COLUMNS) for p in lists if p.is_file()]
        elif not code and path.is_dir() and not spoken:
            yield unknown_language(path.name, str(path.relative_to(folder)))
    listed = [(code, t) for code in tables if spoken in (None, code) for t in tables[code]]
    recorded = [(code, table) for code, table in listed if _audio_folder(table).is_dir()]
    if not recorded:
        archives = [Path(f"{_audio_folder(table)}.tar.gz") for _, table in listed]
        language = f" in {spoken!r}" if spoken else ""
        raise not_obtained(
            f"{folder / 'data'} has no list with its audio{language}",
            [path for path in archives if path.is_file()],
            "there must be data/LANGUAGE/train.tsv and audio/train/",
        )
    sentences: dict[tuple[str, str], dict[str, str]] = {}
    yield from _read_sentences(tables, sentences)
    for code, table in recorded:
        yield from _recordings(code, table, sentences, written)


def _audio_folder(table: Table) -> Path:
    return table.path.parent / "audio" / table.path.stem


def _read_sentences(
    tables: dict[str, list[Table]], sentences: dict[tuple[str, str], dict[str, str]]
) -> Iterator[Finding]:
    """Fill `sentences` ((split, id) -> language -> text); report defects of the lists.

    A sentence that is in several splits is reported once.
    """
    first_seen: dict[str, tuple[str, str]] = {}  # id -> split and origin
    reported: set[str] = set()
    for code, language_tables in tables.items():
        for table in language_tables:
            split = table.path.stem
            for number, row in table:
                name = row["id"]
                first_split, first = first_seen.setdefault(name, (split, table.origin(number)))
                if first_split != split and name not in reported:
                    reported.add(name)
                    problem = f"has the sentence {name}, which {first} has in {first_split}"
                    yield table.finding(number, "split", problem, "leave it out of train", "noted")
                texts = sentences.setdefault((split, name), {})
                texts.setdefault(code, row["raw_transcription"])
            yield from table.findings


def _recordings(
    code: str, table: Table, sentences: dict[tuple[str, str], dict[str, str]], written: str | None
) -> Entries:
    split = table.path.stem
    for number, row in table:
        if not re.fullmatch("[0-9]{1,12}", row["num_samples"]):
            problem = f"has the length {row['num_samples']!r}, which is not a number of samples"
            yield table.finding(number, "length", problem, "download the list again")
            continue
        texts = sentences[split, row["id"]]
        translations = {c: text for c, text in texts.items() if written in (None, c)}
        yield Utterance(
            id=f"{table.path.parent.name}_{Path(row['file_name']).stem}",
            audio=_audio_folder(table) / row["file_name"],
            seconds=int(row["num_samples"]) / LISTED_RATE,
            language=code,
            speaker="",
            gender=gender_of(row["gender"]),
            split=split,
            texts=translations | {code: row["raw_transcription"]},
            meaning=row["id"],
            origin=table.origin(number),
        )
