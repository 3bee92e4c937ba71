"""Common Voice: sentences read aloud by volunteers, as releases since 5.1 unpack (Mozilla)."""

from __future__ import annotations

from pathlib import Path

from lib.corpora.sources.genders import gender_of
from lib.corpora.sources.reading import Entries, NotObtained, Table, not_obtained, unknown_language
from lib.languages import iso_code_of
from lib.utterance import SPLITS, Utterance

# beside zh-CN and yue of the language table: Mandarin of Taiwan, Cantonese of Hong Kong
MORE_LOCALES = {"zh-TW": "zho", "zh-HK": "yue"}


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read cv-corpus-VERSION-DATE/LOCALE/{train,dev,test}.tsv.

    Each release has its own splits, and a training clip of one may be a test clip of another, so
    `folder` must hold one release. Lengths come from clip_durations.tsv (since 16.1), which is held
    in memory while its locale is read.
    """
    release = _release(folder)
    locales: list[tuple[str, Path]] = []
    for path in sorted(release.iterdir()):
        if not any((path / f"{split}.tsv").is_file() for split in SPLITS):
            continue
        code = iso_code_of("common_voice", path.name) or MORE_LOCALES.get(path.name)
        if code and spoken in (None, code):
            locales.append((code, path))
        elif not code and not spoken:
            yield unknown_language(path.name, str(path.relative_to(folder)))
    if not locales:
        language = spoken or "a known language"
        raise NotObtained(f"{release} has no train.tsv, dev.tsv or test.tsv of {language}")
    for code, path in locales:
        yield from _clips(folder, path, code)


def _release(folder: Path) -> Path:
    releases = sorted(path for path in folder.glob("cv-corpus-*") if path.is_dir())
    if len(releases) == 1:
        return releases[0]
    if releases:
        names = ", ".join(path.name for path in releases)
        remedy = "splits differ between releases, so `folder` must hold one"
        raise NotObtained(f"{folder} holds {names}; {remedy}")
    remedy = "`folder` must hold a release such as cv-corpus-17.0-2024-03-15/"
    archives = sorted(folder.glob("cv-corpus-*.tar.gz"))
    raise not_obtained(f"{folder / 'cv-corpus-*'} is not there", archives, remedy)


def _clips(folder: Path, locale: Path, code: str) -> Entries:
    seconds: dict[str, float] = {}
    if (locale / "clip_durations.tsv").is_file():
        durations = Table(locale / "clip_durations.tsv", folder, ("clip", "duration[ms]"))
        for number, row in durations:
            try:
                seconds[row["clip"]] = float(row["duration[ms]"]) / 1000
            except ValueError:
                problem = f"has the duration {row['duration[ms]']!r}, which is not a number"
                remedy = "unpack the archive again"
                yield durations.finding(number, "duration", problem, remedy, "noted")
        yield from durations.findings
    for split in SPLITS:
        clips = Table(locale / f"{split}.tsv", folder, ("client_id", "path", "sentence"))
        if not clips.path.is_file():
            continue
        for number, row in clips:
            if not row["path"]:
                yield clips.finding(number, "clip", "names no clip", "unpack the archive again")
                continue
            yield Utterance(
                id=Path(row["path"]).stem,
                audio=locale / "clips" / row["path"],
                seconds=seconds.get(row["path"], float("nan")),
                language=code,
                speaker=row["client_id"],
                gender=gender_of(row.get("gender")),
                split=split,
                texts={code: row["sentence"]},
                origin=clips.origin(number),
            )
        yield from clips.findings
