"""Common Voice: sentences read aloud by volunteers, in the layout of a release since 5.1 (Mozilla; scripted speech)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import NotObtained, Table, unknown_language
from lib.languages import iso_code_of
from lib.utterance import SPLITS, Finding, Utterance

ALSO = {"zh-TW": "zho", "zh-HK": "yue"}  # beside zh-CN and yue: Mandarin of Taiwan, Cantonese of Hong Kong


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The clips of `cv-corpus-VERSION-DATE/LOCALE` that its own `train.tsv`, `dev.tsv` and `test.tsv` name.

    A release draws its splits anew, so that a clip of one release's train may be in another's test: `folder` holds one release.
    `clip_durations.tsv`, where there is one (since 16.1), gives lengths in milliseconds; it names every clip of a locale, in no
    order that helps, and is held while that locale is read. The other lists (validated, invalidated, other) are not read.
    """
    homes: list[tuple[str, Path]] = []
    release = _release(folder)
    for home in sorted(release.iterdir()):
        if not any((home / f"{split}.tsv").is_file() for split in SPLITS):
            continue
        code = iso_code_of("common_voice", home.name) or ALSO.get(home.name)
        if code and spoken in (None, code):
            homes.append((code, home))
        elif not code and not spoken:
            yield unknown_language(home.name, str(home.relative_to(folder)))
    if not homes:
        raise NotObtained(f"{release} has no train.tsv, dev.tsv or test.tsv of {spoken or 'a known language'}")
    for code, home in homes:
        yield from _locale(folder, home, code)


def _release(folder: Path) -> Path:
    releases = sorted(path for path in folder.glob("cv-corpus-*") if path.is_dir())
    if len(releases) == 1:
        return releases[0]
    if releases:
        names = ", ".join(path.name for path in releases)
        raise NotObtained(f"{folder} holds {names}; a clip's split differs between releases, so `folder` must hold one")
    packed = sorted(path.name for path in folder.glob("cv-corpus-*.tar.gz"))
    remedy = f"unpack {packed[0]}" if packed else "`folder` must hold a release such as cv-corpus-17.0-2024-03-15/"
    raise NotObtained(f"{folder / 'cv-corpus-*'} is not there; {remedy}")


def _locale(folder: Path, home: Path, code: str) -> Iterator[Utterance | Finding]:
    seconds: dict[str, float] = {}
    if (home / "clip_durations.tsv").is_file():
        durations = Table(home / "clip_durations.tsv", folder, ("clip", "duration[ms]"))
        for number, row in durations:
            try:
                seconds[row["clip"]] = float(row["duration[ms]"]) / 1000
            except ValueError:
                what = f"has the duration {row['duration[ms]']!r}, which is no number"
                yield Finding("duration", "", durations.at(number), what, "unpack the archive anew", "noted")
        yield from durations.findings
    for split in SPLITS:
        clips = Table(home / f"{split}.tsv", folder, ("client_id", "path", "sentence"))
        if not clips.path.is_file():
            continue
        for number, row in clips:
            if not row["path"]:
                yield Finding("clip", "", clips.at(number), "names no clip", "unpack the archive anew")
                continue
            yield Utterance(
                id=Path(row["path"]).stem,
                audio=home / "clips" / row["path"],
                seconds=seconds.get(row["path"], float("nan")),
                language=code,
                speaker=row["client_id"],
                split=split,
                texts={code: row["sentence"]},
                origin=clips.at(number),
            )
        yield from clips.findings
