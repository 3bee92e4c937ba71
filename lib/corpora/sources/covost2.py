"""CoVoST 2: Common Voice 4, translated from 21 languages into English and from English into 15."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.genders import gender_of
from lib.corpora.sources.reading import Entries, NotObtained, Table, not_obtained, unknown_language
from lib.languages import iso_code_of
from lib.utterance import SPLITS, Finding, Utterance

LIST_NAME = re.compile(r"covost_v2\.([^_.]+)_([^_.]+)(?:\.(train|dev|test))?\.tsv")
# as the publisher's get_covost_splits.py does for version 2; other values are in no split
SPLIT_OF = {"train": "train", "train_covost": "train", "dev": "dev", "test": "test"}

# excluded by speechbrain's recipe (recipes/CoVoST/covost_prepare.py). IT-IST's list, 504 clips
# without samples (common-voice/cv-dataset issue 31), is not published; curation drops such clips
FAULTY = frozenset(
    f"common_voice_{name}.mp3"
    for name in ("fr_19528232", "fr_19528233", "en_19817845", "en_19504777")
)
Row = tuple[str, str, dict[str, str]]  # split, origin, columns


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read every covost_v2.SOURCE_TARGET list, in `folder` or in SOURCE/, with SOURCE/clips.

    The lists of get_covost_splits.py (.train.tsv, .dev.tsv, .test.tsv) are preferred. Without all
    three, the published list is held in memory and joined with Common Voice's SOURCE/validated.tsv,
    which has the transcripts and speakers. A clip comes once for each target, which is in its id.
    """
    pairs: dict[tuple[str, str], dict[str | None, Path]] = {}  # split (None: all) -> list
    for path in _find(folder, "covost_v2.*.tsv"):
        if match := LIST_NAME.fullmatch(path.name):
            pairs.setdefault((match[1], match[2]), {})[match[3]] = path
    codes = {name: iso_code_of("common_voice", name) for pair in pairs for name in pair}
    for name, code in codes.items():
        if code is None:
            yield unknown_language(name, f"covost_v2.*{name}*.tsv")
    chosen = [
        pair
        for pair in pairs
        if all(codes[name] for name in pair)
        and spoken in (None, codes[pair[0]])
        and written in (None, codes[pair[1]])
    ]
    for source, target in chosen:
        yield from _clips(folder, source, target, pairs[source, target])
    if not chosen:
        problem = f"{folder}/covost_v2.{spoken or '*'}_{written or '*'}.tsv is not there"
        remedy = "`folder` must hold the lists of CoVoST 2 and a folder of Common Voice 4 each"
        raise not_obtained(problem, _find(folder, "covost_v2.*.tar.gz"), remedy)


def _find(folder: Path, pattern: str) -> list[Path]:
    return sorted([*folder.glob(pattern), *folder.glob(f"*/{pattern}")])


def _clips(folder: Path, source: str, target: str, lists: dict[str | None, Path]) -> Entries:
    clips = folder / source / "clips"
    if not clips.is_dir():
        remedy = f"unpack Common Voice 4 of {source!r} into {clips.parent}"
        raise NotObtained(f"{clips} is not there; {remedy}")
    spoken, written = (iso_code_of("common_voice", name) for name in (source, target))
    all_split_lists = set(SPLITS) <= lists.keys()
    if all_split_lists or None not in lists:
        rows = _split_rows(folder, lists)
    else:
        rows = _published_rows(folder, lists[None], source)
    for entry in rows:
        if isinstance(entry, Finding):
            yield entry
            continue
        split, origin, row = entry
        clip = Path(row["path"]).stem
        if row["path"] in FAULTY:
            yield Finding(
                step="clip",
                id=clip,
                origin=origin,
                problem=f"{row['path']} is known to be broken",
                remedy="nothing to do: it is left out",
            )
            continue
        yield Utterance(
            id=f"{source}_{target}-{clip}",
            audio=clips / row["path"],
            seconds=float("nan"),
            language=spoken,
            speaker=row["client_id"],
            gender=gender_of(row.get("gender")),  # the split lists have none
            split=split,
            texts={spoken: _unescape(row["sentence"]), written: _unescape(row["translation"])},
            origin=origin,
        )


def _split_rows(folder: Path, lists: dict[str | None, Path]) -> Iterator[Row | Finding]:
    for split in SPLITS:
        if split in lists:
            columns = ("path", "sentence", "translation", "client_id")
            table = Table(lists[split], folder, columns)
            yield from ((split, table.origin(number), row) for number, row in table)
            yield from table.findings


def _published_rows(folder: Path, path: Path, source: str) -> Iterator[Row | Finding]:
    """The rows of the published list, in the order of Common Voice's validated.tsv."""
    table = Table(path, folder, ("path", "translation", "split"))
    rows: dict[str, tuple[int, dict[str, str]]] = {}
    unused = Counter()
    for number, row in table:
        clip = row["path"]
        if clip in rows:
            problem, remedy = f"lists {clip} again", "nothing to do: the first line is read"
            yield table.finding(number, "clip", problem, remedy, id=Path(clip).stem)
        elif row["split"] in SPLIT_OF:
            rows[clip] = (number, row)
        else:
            unused[row["split"]] += 1
    yield from table.findings
    if unused:
        counts = ", ".join(f"{count} of {split!r}" for split, count in unused.items())
        remedy = "nothing to do: they are in no split of CoVoST 2"
        yield table.finding(1, "split", f"lists {counts}", remedy, "noted")
    validated = Table(folder / source / "validated.tsv", folder, ("path", "sentence", "client_id"))
    for _, transcript in validated:
        if transcript["path"] in rows:
            number, row = rows.pop(transcript["path"])
            yield SPLIT_OF[row["split"]], table.origin(number), transcript | row
    yield from validated.findings
    for clip, (number, _) in rows.items():
        problem, remedy = f"{clip} is not in {validated.name}", "use Common Voice 4"
        yield table.finding(number, "transcript", problem, remedy, id=Path(clip).stem)


def _unescape(text: str) -> str:
    """Remove the backslashes with which the lists escape special characters."""
    return re.sub(r"\\(.)", r"\1", text)
