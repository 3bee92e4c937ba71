"""IWSLT's Irish-English, Bhojpuri-Hindi and Marathi-Hindi: folders of clips with a stamped.tsv."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lib.corpora.sources.reading import (
    Entries,
    Lines,
    NotObtained,
    parallel_segments,
    parse_start_end,
)
from lib.corpora.sources.splits import train_or_dev
from lib.utterance import Finding, Utterance

DEV_EVERY = 10  # one training sentence in 10, if the published dev is the test set


@dataclass(frozen=True)
class Pair:
    """A corpus of this layout."""

    spoken: str
    suffixes: dict[str, str]  # language -> suffix of its text files
    test_part: str  # the newest part with published references


def read(
    folder: Path, spoken: str | None = None, written: str | None = None, *, pair: Pair
) -> Entries:
    """Read PART/stamped.tsv, in `folder` or one level deeper, where clones hold earlier editions.

    A line is `wav/NAME.wav START END`; the same line of PART/txt/PART.LANGUAGE, held in memory for
    the join, is its text. The parts are train, dev and the pair's test part; other test sets are
    not read. If the test part is the published dev, a tenth of train becomes dev, by hash of the
    text, so that a repeated sentence is in one split.
    """
    suffixes = {
        code: suffix
        for code, suffix in pair.suffixes.items()
        if code == pair.spoken or written in (None, code)
    }
    if spoken not in (None, pair.spoken) or not suffixes:
        return
    # the folder nearest to `folder` replaces others of its name: the Irish clone of 2025 holds the
    # edition of 2023 twice
    part_folders = {
        path.parent.name: path.parent
        for depth in ("*/*", "*")
        for path in sorted(folder.glob(f"{depth}/stamped.tsv"))
    }
    splits = {"train": "train", "dev": "dev", pair.test_part: "test"}
    if not splits.keys() & part_folders.keys():
        problem = (
            f"{folder} has no {'/, '.join(splits)}/ with a stamped.tsv, nor has a folder in it"
        )
        raise NotObtained(f"{problem}; `folder` must be the clone, made with --recursive")
    unread = sorted(part_folders.keys() - splits.keys())
    if unread:
        reason = f"{pair.test_part} is the newest part with published references"
        yield Finding(
            step="split",
            origin=str(part_folders[unread[0]].relative_to(folder)),
            problem=f"{', '.join(unread)}: not read, since {reason}",
            remedy="nothing to do",
            outcome="noted",
        )
    for part, split in splits.items():
        if part in part_folders:
            yield from _clips(folder, part_folders[part], split, suffixes, pair)


def _clips(
    folder: Path, part_folder: Path, split: str, suffixes: dict[str, str], pair: Pair
) -> Entries:
    listed = Lines(part_folder / "stamped.tsv", folder)
    texts = {c: Lines(_text_path(part_folder, end), folder) for c, end in suffixes.items()}
    parse = partial(parse_start_end, separator="\t")
    form = "wav/NAME.wav START END, in seconds, with tabs"
    for segment in parallel_segments(listed, texts, parse, form):
        if isinstance(segment, Finding):
            yield segment
            continue
        name, start = Path(segment.audio).stem, segment.start
        sentence = " ".join(segment.texts.values())
        dev_from_train = split == "train" and pair.test_part == "dev"
        yield Utterance(
            id=f"{name}_{start}" if start else name,
            audio=part_folder / segment.audio,
            seconds=segment.seconds,
            language=pair.spoken,
            speaker="",
            split=train_or_dev(sentence, DEV_EVERY) if dev_from_train else split,
            texts=segment.texts,
            start=start or None,  # clips are cut already: a start of 0 is the whole file
            origin=segment.origin,
        )


def _text_path(part_folder: Path, suffix: str) -> Path:
    """PART/txt/PART.SUFFIX (test-2023/txt/test.eng); the Marathi test set's is beside its list."""
    name = f"{part_folder.name.partition('-')[0]}.{suffix}"
    beside = part_folder / name
    return beside if beside.exists() else part_folder / "txt" / name


read_gle = partial(read, pair=Pair("gle", {"eng": "eng"}, test_part="test-2023"))
read_bho = partial(read, pair=Pair("bho", {"hin": "hi"}, test_part="dev"))
read_mar = partial(read, pair=Pair("mar", {"hin": "hi"}, test_part="test"))
