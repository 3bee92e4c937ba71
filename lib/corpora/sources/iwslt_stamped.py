"""Irish-English, Bhojpuri-Hindi and Marathi-Hindi of IWSLT's low-resource task: clips in folders with a stamped.tsv each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lib.corpora.sources.reading import Lines, NotObtained, parallel
from lib.corpora.sources.splits import one_in
from lib.utterance import Finding, Utterance

DEV_SHARE = 10  # one in so many training sentences, where the published dev has to be the test set


@dataclass(frozen=True)
class Pair:
    """What differs between the corpora of this layout."""

    spoken: str
    texts: dict[str, str]  # language -> how its text files end
    test: str  # the newest part whose references are published


def read(folder: Path, spoken: str | None = None, written: str | None = None, *, pair: Pair) -> Iterator[Utterance | Finding]:
    """The clips of PART/stamped.tsv, in `folder` or a folder in it, where clones put the editions of earlier years.

    A line is `wav/NAME.wav START END`; the same line of PART/txt/PART.LANGUAGE, held in memory for the join, is its text. The
    parts are train, dev and the pair's test set; other test sets are not read. Where that is the published dev, a tenth of
    train becomes dev, by the hash of the text, so that a sentence said twice stays on one side.
    """
    texts = {code: end for code, end in pair.texts.items() if code == pair.spoken or written in (None, code)}
    if spoken not in (None, pair.spoken) or not texts:
        return
    # by name, the nearest last: the Irish clone of 2025 holds the edition of 2023 twice
    homes = {path.parent.name: path.parent for depth in ("*/*", "*") for path in sorted(folder.glob(f"{depth}/stamped.tsv"))}
    parts = {"train": "train", "dev": "dev", pair.test: "test"}
    if not parts.keys() & homes.keys():
        hint = "`folder` must be the clone, and that be made with --recursive"
        raise NotObtained(f"{folder} has no {'/, '.join(parts)}/ with a stamped.tsv, nor has a folder in it; {hint}")
    unread = sorted(homes.keys() - parts.keys())
    if unread:
        what = f"{', '.join(unread)}: not read, since {pair.test} is the newest part whose references are published"
        yield Finding("split", "", str(homes[unread[0]].relative_to(folder)), what, "nothing to do", "noted")
    for part, split in parts.items():
        if part in homes:
            yield from _clips(folder, homes[part], split, texts, pair)


def _clips(folder: Path, home: Path, split: str, texts: dict[str, str], pair: Pair) -> Iterator[Utterance | Finding]:
    part = home.name.partition("-")[0]  # test-2023/txt/test.eng
    stamps = Lines(home / "stamped.tsv", folder)
    for entry in parallel(stamps, {code: Lines(_text(home, f"{part}.{end}"), folder) for code, end in texts.items()}):
        if isinstance(entry, Finding):
            yield entry
            continue
        number, line, said = entry
        try:
            sound, start, end = line.split("\t")
            start, end = float(start), float(end)
        except ValueError:
            remedy = "a line must read wav/NAME.wav START END, in seconds, with tabs"
            yield Finding("cut", "", stamps.at(number), f"is {line!r:.200}", remedy)
            continue
        held = split == "train" and pair.test == "dev" and one_in(DEV_SHARE, " ".join(said.values()))
        yield Utterance(
            id=f"{Path(sound).stem}_{start}" if start else Path(sound).stem,
            audio=home / sound,
            seconds=end - start,
            language=pair.spoken,
            speaker="",
            split="dev" if held else split,
            texts=said,
            start=start or None,  # clips are cut already: what starts at 0 is the whole file
            origin=stamps.at(number),
        )


def _text(home: Path, name: str) -> Path:
    """A file of texts: in txt/, but the Marathi test set's lies beside its list."""
    beside = home / name
    return beside if beside.exists() else home / "txt" / name


read_gle = partial(read, pair=Pair("gle", {"eng": "eng"}, test="test-2023"))
read_bho = partial(read, pair=Pair("bho", {"hin": "hi"}, test="dev"))
read_mar = partial(read, pair=Pair("mar", {"hin": "hi"}, test="test"))
