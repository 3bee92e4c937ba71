"""Europarl-ST 1.1: European Parliament speeches in nine languages, by sentences (ICASSP 2020)."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

from lib.corpora.sources.reading import (
    Entries,
    Lines,
    not_obtained,
    parallel_lines,
    parallel_segments,
    parse_start_end,
    unknown_language,
)
from lib.languages import iso_code_of
from lib.utterance import SPLITS, Finding, Utterance


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read v1.1/SOURCE/TARGET/{train,dev,test}/segments.lst; train-noisy is not read.

    segments.SOURCE, segments.TARGET, speeches.lst and speakers.lst are held in memory for the join.
    A speech is segmented anew for each target, so a sentence comes once for each, with the target
    in its id. The audio is SOURCE/audios/SPEECH.wav or .flac, once converted.
    """
    paths = [
        path
        for split in SPLITS
        for path in sorted((folder / "v1.1").glob(f"*/*/{split}/segments.lst"))
    ]
    codes = {name: iso_code_of("locale", name) for path in paths for name in path.parts[-4:-2]}
    for name, code in codes.items():
        if code is None:
            yield unknown_language(name, f"v1.1/{name}")
    found = False
    for path in paths:
        source, target = (codes[name] for name in path.parts[-4:-2])
        unknown = source is None or target is None
        if unknown or spoken not in (None, source) or written not in (None, target):
            continue
        found = True
        yield from _sentences(folder, path, source, target)
    if not found:
        problem = f"{folder}/v1.1/{spoken or '*'}/{written or '*'}/*/segments.lst is not there"
        remedy = "`folder` must hold the unpacked v1.1/"
        raise not_obtained(problem, folder.glob("v1.1.tar.gz"), remedy)


def _sentences(folder: Path, path: Path, source: str, target: str) -> Entries:
    source_locale, target_locale, split, _ = path.parts[-4:]
    speeches = Lines(path.with_name("speeches.lst"), folder)
    speakers = {}
    for entry in parallel_lines(speeches, {"name": Lines(path.with_name("speakers.lst"), folder)}):
        if isinstance(entry, Finding):
            yield replace(entry, outcome="noted")  # the sentences are usable without speakers
        else:
            _, speech, speaker = entry
            speakers[speech.strip()] = speaker["name"]
    texts = {
        source: Lines(path.with_name(f"segments.{source_locale}"), folder),
        target: Lines(path.with_name(f"segments.{target_locale}"), folder),
    }
    form = "SPEECH START END, in seconds"
    sentences = Counter()  # of each speech
    for segment in parallel_segments(Lines(path, folder), texts, parse_start_end, form):
        if isinstance(segment, Finding):
            yield segment
            continue
        speech = segment.audio
        yield Utterance(
            id=f"{source_locale}-{target_locale}-{speech}_{sentences[speech]}",
            audio=_audio(folder / "v1.1" / source_locale / "audios", speech),
            seconds=segment.seconds,
            language=source,
            speaker=speakers.get(speech, ""),
            split=split,
            texts=segment.texts,
            start=segment.start,
            origin=segment.origin,
        )
        sentences[speech] += 1


def _audio(folder: Path, speech: str) -> Path:
    """The converted file of a speech; without one, the published .m4a."""
    converted = (folder / f"{speech}{suffix}" for suffix in (".wav", ".flac"))
    return next((path for path in converted if os.path.exists(path)), folder / f"{speech}.m4a")
