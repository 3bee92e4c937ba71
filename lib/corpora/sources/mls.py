"""Multilingual LibriSpeech: eight languages read from LibriVox audiobooks, as its archives unpack (OpenSLR 94, 2020)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import Lines, NotObtained, unknown_language
from lib.languages import iso_code_of
from lib.utterance import SPLITS, Finding, Utterance


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The segments of `mls_LANGUAGE` (FLAC) or `mls_LANGUAGE_opus`; FLAC where both are there, since they are one recording.

    In `train`, `dev` and `test`, `transcripts.txt` has a line `SPEAKER_BOOK_N<tab>TEXT` for each file
    `audio/SPEAKER/BOOK/SPEAKER_BOOK_N.flac`, and `segments.txt` says where in LibriVox's own recording, in seconds, it was cut
    from: that gives its length, not a place to start from. `limited_supervision` only names parts of train, and is not read.
    """
    homes: dict[str, Path] = {}
    for home in sorted(folder.glob("mls_*/")):  # mls_german comes before mls_german_opus
        name = home.name.removeprefix("mls_").removesuffix("_opus")
        code = iso_code_of("name", name.capitalize())
        if code and spoken in (None, code):
            homes.setdefault(code, home)
        elif not code and not spoken and not name.startswith("lm_"):  # mls_lm_german holds text for language models
            yield unknown_language(name, home.name)
    parts = [(code, home / split) for code, home in homes.items() for split in SPLITS if (home / split).is_dir()]
    if not parts:
        packed = sorted(path.name for path in folder.glob("mls_*.tar.gz") if not path.name.startswith("mls_lm_"))
        remedy = f"unpack {packed[0]}" if packed else "`folder` must hold mls_german/ or mls_german_opus/ or another language's"
        raise NotObtained(f"{folder / 'mls_*'} has no train, dev or test{f' in {spoken!r}' if spoken else ''}; {remedy}")
    for code, part in parts:
        yield from _part(folder, part, code)


def _part(folder: Path, part: Path, code: str) -> Iterator[Utterance | Finding]:
    suffix = ".opus" if part.parent.name.endswith("_opus") else ".flac"
    lines, segments = Lines(part / "transcripts.txt", folder), Lines(part / "segments.txt", folder)
    wrong: list[Finding] = []
    lengths = _lengths(segments, wrong)
    ahead: dict[str, float] = {}  # read along with the transcripts, so that it holds only what stands in another order
    for number, line in lines:
        name, _, text = line.partition("\t")
        named = re.fullmatch(r"(\d+)_(\d+)_\d+", name)
        if not named:
            what = f"starts with {name!r}, not with SPEAKER_BOOK_N and a tab"
            yield Finding("transcript", "", lines.at(number), what, "unpack the archive anew")
            continue
        while name not in ahead and (row := next(lengths, None)):
            ahead.update([row])
        speaker, book = named.groups()
        yield Utterance(
            id=name,
            audio=part / "audio" / speaker / book / f"{name}{suffix}",
            seconds=ahead.pop(name, float("nan")),
            language=code,
            speaker=speaker,
            split=part.name,
            texts={code: text.strip()},
            origin=lines.at(number),
        )
    yield from (*lines.findings, *segments.findings, *wrong)


def _lengths(segments: Lines, wrong: list[Finding]) -> Iterator[tuple[str, float]]:
    """The seconds of each segment; what cannot be read goes to `wrong`, and that segment's length stays unknown."""
    for number, line in segments:
        try:
            name, _, begin, end = line.split()
            yield name, float(end) - float(begin)
        except ValueError:
            what = f"is {line!r}, not a name, an address, a begin and an end"
            wrong.append(Finding("segment", "", segments.at(number), what, "unpack the archive anew", "noted"))
