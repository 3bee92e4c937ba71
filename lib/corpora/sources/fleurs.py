"""FLEURS: the sentences of FLoRes read aloud in 102 languages, in the layout of google/fleurs on the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import NotObtained, Table, unknown_language
from lib.languages import iso_code_of
from lib.utterance import SPLITS, Finding, Utterance

RATE = 16_000  # Hz, of num_samples
COLUMNS = ("id", "file_name", "raw_transcription", "transcription", "_", "num_samples", "gender")  # not in the lists


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The recordings that `data/LANGUAGE/{train,dev,test}.tsv` names; the text is the raw transcription, cased and punctuated.

    The id in the lists is a sentence's, the same in every language and for every speaker of it: it is the `meaning`. A
    translation is the sentence of that id in the same split of the other language, never of another split, so that no sentence
    of a test set comes into train as a translation; an id that is in several splits is a finding. The sentences (2009 a
    language) are held for that join. A language whose audio is not there still gives translations.
    """
    if not (folder / "data").is_dir():
        raise NotObtained(f"{folder / 'data'} is not there; `folder` must be the repository google/fleurs, with data/LANGUAGE/")
    lists: dict[str, list[Table]] = {}
    for home in sorted((folder / "data").iterdir()):
        code = iso_code_of("fleurs", home.name)
        if code and (code in (spoken, written) or not (spoken and written)):
            paths = [home / f"{split}.tsv" for split in SPLITS]
            lists[code] = [Table(path, folder, header=COLUMNS) for path in paths if path.is_file()]
        elif not code and home.is_dir() and not spoken:
            yield unknown_language(home.name, str(home.relative_to(folder)))
    heard = [(code, table) for code in lists if spoken in (None, code) for table in lists[code] if _audio(table).is_dir()]
    if not heard:
        named = [table for code in lists if spoken in (None, code) for table in lists[code]]
        packed = [f"{_audio(table)}.tar.gz" for table in named if Path(f"{_audio(table)}.tar.gz").is_file()]
        remedy = f"unpack {packed[0]} where it lies" if packed else "there must be data/LANGUAGE/train.tsv and audio/train/"
        raise NotObtained(f"{folder / 'data'} has no list with its audio{f' in {spoken!r}' if spoken else ''}; {remedy}")
    sentences: dict[tuple[str, str], dict[str, str]] = {}  # (split, id) -> language -> sentence
    yield from _sentences(lists, sentences)
    for code, table in heard:
        for number, row in table:
            if not row["num_samples"].isdecimal():
                what = f"has the length {row['num_samples']!r}, which is no number of samples"
                yield Finding("length", "", table.at(number), what, "download the list anew")
                continue
            said = sentences[table.path.stem, row["id"]]
            yield Utterance(
                id=f"{table.path.parent.name}_{Path(row['file_name']).stem}",
                audio=_audio(table) / row["file_name"],
                seconds=int(row["num_samples"]) / RATE,
                language=code,
                speaker="",
                split=table.path.stem,
                texts={other: said[other] for other in said if written in (None, other)} | {code: row["raw_transcription"]},
                meaning=row["id"],
                origin=table.at(number),
            )


def _audio(table: Table) -> Path:
    """The folder of a list's recordings."""
    return table.path.parent / "audio" / table.path.stem


def _sentences(lists: dict[str, list[Table]], sentences: dict[tuple[str, str], dict[str, str]]) -> Iterator[Finding]:
    """Fills `sentences`; gives what is wrong with the lists, and once for each sentence that it is in several splits."""
    homes: dict[str, tuple[str, str]] = {}  # id -> split and line of its first reading
    told: set[str] = set()
    for code, tables in lists.items():
        for table in tables:
            for number, row in table:
                split, first = homes.setdefault(row["id"], (table.path.stem, table.at(number)))
                if split != table.path.stem and row["id"] not in told:
                    told.add(row["id"])
                    what = f"has the sentence {row['id']}, which {first} has in {split}"
                    yield Finding("split", "", table.at(number), what, "leave it out of train", "noted")
                sentences.setdefault((table.path.stem, row["id"]), {}).setdefault(code, row["raw_transcription"])
            yield from table.findings
