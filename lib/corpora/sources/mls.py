"""Multilingual LibriSpeech: audiobooks in eight languages, as its archives unpack (OpenSLR 94)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.genders import speaker_genders
from lib.corpora.sources.reading import Entries, Lines, not_obtained, unknown_language
from lib.languages import iso_code_of
from lib.utterance import SPLITS, Finding, Utterance


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read mls_LANGUAGE (FLAC) or mls_LANGUAGE_opus; FLAC if both are there.

    In train, dev and test, transcripts.txt has a line `SPEAKER_BOOK_N<tab>TEXT` for each file
    audio/SPEAKER/BOOK/SPEAKER_BOOK_N.flac. segments.txt gives the position in LibriVox's recording,
    in seconds: only the length is of use. limited_supervision is a part of train and not read.
    """
    language_folders: dict[str, Path] = {}
    for path in sorted(folder.glob("mls_*/")):  # mls_german comes before mls_german_opus
        name = path.name.removeprefix("mls_").removesuffix("_opus")
        code = iso_code_of("name", name.capitalize())
        if code and spoken in (None, code):
            language_folders.setdefault(code, path)
        elif not code and not spoken and not name.startswith("lm_"):  # mls_lm_*: text only
            yield unknown_language(name, path.name)
    parts = [
        (code, path / split)
        for code, path in language_folders.items()
        for split in SPLITS
        if (path / split).is_dir()
    ]
    if not parts:
        language = f" in {spoken!r}" if spoken else ""
        archives = sorted(folder.glob("mls_*.tar.gz"))
        raise not_obtained(
            f"{folder / 'mls_*'} has no train, dev or test{language}",
            [path for path in archives if not path.name.startswith("mls_lm_")],
            "`folder` must hold mls_german/ or mls_german_opus/ or another language's",
        )
    for code, part in parts:
        yield from _part(folder, part, code)


def _part(folder: Path, part: Path, code: str) -> Entries:
    suffix = ".opus" if part.parent.name.endswith("_opus") else ".flac"
    lines, segments = Lines(part / "transcripts.txt", folder), Lines(part / "segments.txt", folder)
    segment_findings: list[Finding] = []
    lengths = _lengths(segments, segment_findings)
    genders = speaker_genders(part.parent / "metainfo.txt", folder)
    # read in step with the transcripts, so that it holds only what is in another order
    seconds: dict[str, float] = {}
    for number, line in lines:
        name, _, text = line.partition("\t")
        match = re.fullmatch(r"(\d+)_(\d+)_\d+", name)
        if not match:
            problem = f"starts with {name!r}, not with SPEAKER_BOOK_N and a tab"
            yield lines.finding(number, "transcript", problem, "unpack the archive again")
            continue
        while name not in seconds and (length := next(lengths, None)):
            seconds.update([length])
        speaker, book = match.groups()
        yield Utterance(
            id=name,
            audio=part / "audio" / speaker / book / f"{name}{suffix}",
            seconds=seconds.pop(name, float("nan")),
            language=code,
            speaker=speaker,
            gender=genders.get(speaker, ""),
            split=part.name,
            texts={code: text.strip()},
            origin=lines.origin(number),
        )
    yield from (*lines.findings, *segments.findings, *segment_findings)


def _lengths(segments: Lines, findings: list[Finding]) -> Iterator[tuple[str, float]]:
    """Yield each segment's id and seconds; append lines that cannot be read to `findings`."""
    for number, line in segments:
        try:
            name, _, begin, end = line.split()
            yield name, float(end) - float(begin)
        except ValueError:
            problem = f"is {line!r}, not an id, an address, a begin and an end"
            remedy = "unpack the archive again"
            findings.append(segments.finding(number, "segment", problem, remedy, "noted"))
