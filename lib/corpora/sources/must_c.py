"""MuST-C: TED talks in English, cut into sentences, with translations into one language an archive (FBK, 2019 to 2022)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import Lines, NotObtained, cut, parallel, unknown_language
from lib.languages import iso_code_of
from lib.utterance import Finding, Utterance

PARTS = {"train": "train", "dev": "dev", "tst-COMMON": "test"}


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The sentences of en-TARGET/data/{train,dev,tst-COMMON}, which are train, dev and test.

    txt/PART.yaml lists them, a line each, in the order of txt/PART.en and txt/PART.TARGET, which are held in memory for the
    join; wav/ holds whole talks. A talk that is translated into two languages is cut anew for each of them, so a sentence
    comes once for every target, with the target in its id. tst-HE, a second test set, is not read: test is what papers score.
    """
    if spoken not in (None, "eng"):
        return
    homes = {path.parent.name.removeprefix("en-"): path for path in sorted(folder.glob("en-*/data"))}
    codes = {name: iso_code_of("locale", name) for name in homes}
    for name, code in codes.items():
        if code is None:
            yield unknown_language(name, f"en-{name}")
    chosen = {name: code for name, code in codes.items() if code and written in (None, code)}
    if not chosen:
        packed = next(folder.glob("MUSTC_*.tar.gz"), None)
        hint = f"unpack {packed.name}" if packed else "`folder` must hold the unpacked en-TARGET"
        raise NotObtained(f"{folder}/en-{written or '*'}/data is not there; {hint}")
    for name, code in chosen.items():
        for part in PARTS:
            if (homes[name] / part / "txt").is_dir():
                yield from _sentences(folder, homes[name] / part, name, code)


def _sentences(folder: Path, home: Path, name: str, target: str) -> Iterator[Utterance | Finding]:
    cuts, english, translation = (Lines(home / "txt" / f"{home.name}.{end}", folder) for end in ("yaml", "en", name))
    seen = Counter()
    for entry in parallel(cuts, {"eng": english, target: translation}):
        if isinstance(entry, Finding):
            yield entry
            continue
        number, line, texts = entry
        index = cut(cuts, number, line)
        if isinstance(index, Finding):
            yield index
            continue
        talk, start, seconds, speaker = index
        yield Utterance(
            id=f"en-{name}-{Path(talk).stem}-seg-{seen[talk]}",
            audio=home / "wav" / talk,
            seconds=seconds,
            language="eng",
            speaker=speaker,
            split=PARTS[home.name],
            texts=texts,
            start=start,
            origin=cuts.at(number),
        )
        seen[talk] += 1
