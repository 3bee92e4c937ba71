"""MuST-C: English TED talks cut into sentences, one archive a target language (FBK, 2019)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from lib.corpora.sources.reading import (
    YAML_FORM,
    Entries,
    Lines,
    not_obtained,
    parallel_segments,
    parse_yaml,
    unknown_language,
)
from lib.languages import iso_code_of
from lib.utterance import Finding, Utterance

SPLIT_OF = {"train": "train", "dev": "dev", "tst-COMMON": "test"}


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read en-TARGET/data/{train,dev,tst-COMMON}, which are train, dev and test; not tst-HE.

    txt/PART.yaml lists the sentences; PART.en and PART.TARGET are held in memory for the join; wav/
    holds whole talks. A talk is segmented anew for each target, so a sentence comes once for each,
    with the target in its id.
    """
    if spoken not in (None, "eng"):
        return
    data_folders = {path.parent.name[3:]: path for path in sorted(folder.glob("en-*/data"))}
    codes = {target: iso_code_of("locale", target) for target in data_folders}
    for target, code in codes.items():
        if code is None:
            yield unknown_language(target, f"en-{target}")
    chosen = {target: code for target, code in codes.items() if code and written in (None, code)}
    if not chosen:
        problem = f"{folder}/en-{written or '*'}/data is not there"
        remedy = "`folder` must hold the unpacked en-TARGET"
        raise not_obtained(problem, folder.glob("MUSTC_*.tar.gz"), remedy)
    for target, code in chosen.items():
        for part in SPLIT_OF:
            if (data_folders[target] / part / "txt").is_dir():
                yield from _sentences(folder, data_folders[target] / part, target, code)


def _sentences(folder: Path, part: Path, target: str, code: str) -> Entries:
    listed, english, translation = (
        Lines(part / "txt" / f"{part.name}.{suffix}", folder) for suffix in ("yaml", "en", target)
    )
    sentences = Counter()  # of each talk
    texts = {"eng": english, code: translation}
    for segment in parallel_segments(listed, texts, parse_yaml, YAML_FORM):
        if isinstance(segment, Finding):
            yield segment
            continue
        talk = segment.audio
        yield Utterance(
            id=f"en-{target}-{Path(talk).stem}-seg-{sentences[talk]}",
            audio=part / "wav" / talk,
            seconds=segment.seconds,
            language="eng",
            speaker=segment.speaker,
            split=SPLIT_OF[part.name],
            texts=segment.texts,
            start=segment.start,
            origin=segment.origin,
        )
        sentences[talk] += 1
