"""Europarl-ST 1.1: speeches in the European Parliament between nine languages, cut into sentences (ICASSP 2020)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lib.corpora.sources.reading import Lines, NotObtained, parallel, unknown_language
from lib.languages import iso_code_of
from lib.utterance import SPLITS, Finding, Utterance


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The sentences of v1.1/SOURCE/TARGET/{train,dev,test}; the splits are the corpus's own, `train-noisy` is not read.

    segments.lst lists `SPEECH START END`, a line each, in the order of segments.SOURCE and segments.TARGET, which are held in
    memory for the join, as speeches.lst and speakers.lst are. A speech is cut anew for every target, so a sentence comes once
    for each, with the target in its id. The sound is SOURCE/audios/SPEECH as .wav or .flac where it has been converted.
    """
    lists = [path for split in SPLITS for path in sorted((folder / "v1.1").glob(f"*/*/{split}/segments.lst"))]
    codes = {name: iso_code_of("locale", name) for path in lists for name in path.parts[-4:-2]}
    for name, code in codes.items():
        if code is None:
            yield unknown_language(name, f"v1.1/{name}")
    found = False
    for path in lists:
        source, target = (codes[name] for name in path.parts[-4:-2])
        if source is None or target is None or spoken not in (None, source) or written not in (None, target):
            continue
        found = True
        yield from _sentences(folder, path, source, target)
    if not found:
        packed = folder / "v1.1.tar.gz"
        hint = f"unpack {packed.name}" if packed.exists() else "`folder` must hold the unpacked v1.1/"
        raise NotObtained(f"{folder}/v1.1/{spoken or '*'}/{written or '*'}/*/segments.lst is not there; {hint}")


def _sentences(folder: Path, path: Path, source: str, target: str) -> Iterator[Utterance | Finding]:
    heard, read_in, split, _ = path.parts[-4:]
    home = path.parent
    speakers = {}
    for entry in parallel(Lines(home / "speeches.lst", folder), {"speaker": Lines(home / "speakers.lst", folder)}):
        if isinstance(entry, Finding):
            yield replace(entry, outcome="noted")  # the speakers are unknown then, the sentences are as good as ever
        else:
            speakers[entry[1].strip()] = entry[2]["speaker"]
    cuts = Lines(path, folder)
    seen = Counter()
    texts = {source: Lines(home / f"segments.{heard}", folder), target: Lines(home / f"segments.{read_in}", folder)}
    for entry in parallel(cuts, texts):
        if isinstance(entry, Finding):
            yield entry
            continue
        number, line, said = entry
        try:
            speech, start, end = line.split()
            start, end = float(start), float(end)
        except ValueError:
            yield Finding("cut", "", cuts.at(number), f"is {line!r:.200}", "a line must read SPEECH START END, in seconds")
            continue
        yield Utterance(
            id=f"{heard}-{read_in}-{speech}_{seen[speech]}",
            audio=_sound(folder / "v1.1" / heard / "audios", speech),
            seconds=end - start,
            language=source,
            speaker=speakers.get(speech, ""),
            split=split,
            texts=said,
            start=start,
            origin=cuts.at(number),
        )
        seen[speech] += 1


def _sound(home: Path, speech: str) -> Path:
    """What there is of a speech; .m4a, as published, where nothing else is."""
    converted = (home / f"{speech}{end}" for end in (".wav", ".flac"))
    return next((path for path in converted if path.exists()), home / f"{speech}.m4a")
