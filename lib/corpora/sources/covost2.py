"""CoVoST 2: translations of Common Voice 4, from 21 languages into English and from English into 15 (2020)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import NotObtained, Table, unknown_language
from lib.languages import iso_code_of
from lib.utterance import SPLITS, Finding, Utterance

LIST = re.compile(r"covost_v2\.([^_.]+)_([^_.]+)(?:\.(train|dev|test))?\.tsv")
# as the publisher's get_covost_splits.py takes them for version 2; what Common Voice calls otherwise is in no split
SPLIT_OF = {"train": "train", "train_covost": "train", "dev": "dev", "test": "test"}

# speechbrain's recipe leaves these out (recipes/CoVoST/covost_prepare.py). IT-IST's list, of 504 clips without samples
# (common-voice/cv-dataset issue 31), is not published; curation finds such clips by itself
FAULTY = frozenset(f"common_voice_{name}.mp3" for name in ("fr_19528232", "fr_19528233", "en_19817845", "en_19504777"))


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The clips of every covost_v2.SOURCE_TARGET list in `folder` or in its folder SOURCE, beside SOURCE/clips.

    Where get_covost_splits.py has written .train.tsv, .dev.tsv and .test.tsv, these are read; else the published list is,
    which is held in memory while SOURCE/validated.tsv of Common Voice goes by, for the transcripts and speakers that the list
    lacks. A clip comes once for every target, with the target in its id.
    """
    packed = sorted([*folder.glob("covost_v2.*.tar.gz"), *folder.glob("*/covost_v2.*.tar.gz")])
    pairs: dict[tuple[str, str], dict[str | None, Path]] = {}
    for path in sorted([*folder.glob("covost_v2.*.tsv"), *folder.glob("*/covost_v2.*.tsv")]):
        if named := LIST.fullmatch(path.name):
            pairs.setdefault((named[1], named[2]), {})[named[3]] = path
    codes = {name: iso_code_of("common_voice", name) for pair in pairs for name in pair}
    for name, code in codes.items():
        if code is None:
            yield unknown_language(name, f"covost_v2.*{name}*.tsv")
    found = False
    for (source, target), lists in pairs.items():
        heard, read_in = codes[source], codes[target]
        if heard is None or read_in is None or spoken not in (None, heard) or written not in (None, read_in):
            continue
        found = True
        clips = folder / source / "clips"
        if not clips.is_dir():
            raise NotObtained(f"{clips} is not there; unpack Common Voice 4 of {source!r} into {clips.parent}")
        # all three, or the whole: of two lists it cannot be said what the third would hold
        split = set(SPLITS) <= lists.keys() or None not in lists
        rows = _split(folder, lists) if split else _whole(folder, lists[None], source)
        for entry in rows:
            if isinstance(entry, Finding):
                yield entry
                continue
            split, origin, row = entry
            if row["path"] in FAULTY:
                yield Finding(
                    "clip", Path(row["path"]).stem, origin, f"{row['path']} is known to be broken", "nothing: it is left out"
                )
                continue
            yield Utterance(
                id=f"{source}_{target}-{Path(row['path']).stem}",
                audio=clips / row["path"],
                seconds=float("nan"),
                language=heard,
                speaker=row["client_id"],
                split=split,
                texts={heard: _plain(row["sentence"]), read_in: _plain(row["translation"])},
                origin=origin,
            )
    if not found:
        hint = f"unpack {packed[0]}" if packed else "`folder` must hold the lists of CoVoST 2 and a folder of Common Voice 4 each"
        raise NotObtained(f"{folder}/covost_v2.{spoken or '*'}_{written or '*'}.tsv is not there; {hint}")


Row = tuple[str, str, dict[str, str]]  # split, origin, columns


def _split(folder: Path, lists: dict[str | None, Path]) -> Iterator[Row | Finding]:
    for split in SPLITS:
        if split in lists:
            table = Table(lists[split], folder, ("path", "sentence", "translation", "client_id"))
            yield from ((split, table.at(number), row) for number, row in table)
            yield from table.findings


def _whole(folder: Path, path: Path, source: str) -> Iterator[Row | Finding]:
    table = Table(path, folder, ("path", "translation", "split"))
    wanted, others = {}, Counter()
    for number, row in table:
        if row["path"] in wanted:
            yield Finding(
                "clip", Path(row["path"]).stem, table.at(number), f"lists {row['path']} again", "nothing: the first is read"
            )
        elif row["split"] in SPLIT_OF:
            wanted[row["path"]] = (number, row)
        else:
            others[row["split"]] += 1
    yield from table.findings
    if others:
        kinds = ", ".join(f"{count} of {kind!r}" for kind, count in others.items())
        yield Finding("split", "", table.at(1), f"lists {kinds}", "nothing: CoVoST 2 uses them in no split", "noted")
    voices = Table(folder / source / "validated.tsv", folder, ("path", "sentence", "client_id"))
    for _, voice in voices:
        if voice["path"] in wanted:
            number, row = wanted.pop(voice["path"])
            yield SPLIT_OF[row["split"]], table.at(number), voice | row
    yield from voices.findings
    for clip, (number, _) in wanted.items():
        yield Finding("transcript", Path(clip).stem, table.at(number), f"{clip} is not in {voices.name}", "use Common Voice 4")


def _plain(text: str) -> str:
    """The lists are written and read with a backslash before what would break them."""
    return re.sub(r"\\(.)", r"\1", text)
