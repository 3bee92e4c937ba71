"""`curation` and `manifest`: manifests of any length, curated and only read. No peer."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.corpus import SOURCE, SPOKEN, TARGET, utterances
from benchmarks.engine import peak_mb
from benchmarks.side_by_side import Figures, Row, measure
from lib.corpora.audio_stats import AudioStatsCache
from lib.corpora.catalogue import list_corpus
from lib.corpora.curation.curate import curate
from lib.corpora.curation.rules import Rules
from lib.corpora.sources import own

NO_FILES = Rules(audio="none")


def rows(repeats: int) -> list[Row]:
    """Seconds and memory of curating 1,000 and 100,000 lines; hours of audio decoded a minute."""
    done = ("curated, no file opened", "curating")
    table = _seconds_and_memory(curate_manifest, *done, (1_000, 100_000), repeats)
    hours = [measure(measure_audio)["hours_a_minute"] for _ in range(repeats)]
    what = "speech decoded: level, clipping, pitch, hash of the samples"
    return [*table, Row(what=what, unit="h/min", ours=hours)]


def manifest_rows(repeats: int) -> list[Row]:
    """Seconds and memory of reading 100,000 and 10,000,000 lines (1.3 GB of disk)."""
    return _seconds_and_memory(read_manifest, "read", "reading", (100_000, 10_000_000), repeats)


def _seconds_and_memory(
    work: Callable[..., Figures], done: str, doing: str, counts: Sequence[int], repeats: int
) -> list[Row]:
    """Two rows for manifests of each number of lines; `done` and `doing` name the work in them."""
    table = []
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            manifest = str(write_manifest(Path(folder) / f"{count}.tsv", count))
            runs = [measure(work, manifest=manifest) for _ in range(repeats)]
            seconds, memory = ([run[key] for run in runs] for key in ("seconds", "peak_mb"))
            table.append(Row(what=f"{count:,} manifest lines {done}", unit="s", ours=seconds))
            what = f"peak memory of {doing} {count:,} lines"
            table.append(Row(what=what, unit="MB", ours=memory))
    return table


def write_manifest(path: Path, count: int) -> Path:
    """Write a manifest of distinct sentences, with different speakers in each split."""
    rng = random.Random(1)
    phrases = SPOKEN.sentences(2000)
    with open(path, "w", encoding="utf-8") as file:
        file.write("id\taudio\tsplit\tsource\ttarget\ttranscript\ttranslation\tspeaker\tseconds\n")
        for number in range(count):
            first, second = rng.choices(phrases, k=2)
            texts = [f"{first[code]}, {second[code]} {number}" for code in (SOURCE, TARGET)]
            split = "train" if number % 50 else rng.choice(("dev", "test"))
            listing = (f"u{number}", f"clips/{number}.wav", split, SOURCE, TARGET)
            speaker, seconds = f"{split}{number % 500}", f"{len(texts[0]) / 14:.2f}"
            file.write("\t".join((*listing, *texts, speaker, seconds)) + "\n")
    return path


def curate_manifest(manifest: str) -> Figures:
    """Curate a manifest with an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        started = time.perf_counter()
        path = Path(manifest)
        curate("own", path.parent, own.read(path), NO_FILES, Path(cache))
        return {"seconds": time.perf_counter() - started, "peak_mb": peak_mb()}


def read_manifest(manifest: str) -> Figures:
    """List the utterances of a manifest and keep none."""
    started = time.perf_counter()
    for _ in list_corpus("own", Path(manifest)):
        pass
    return {"seconds": time.perf_counter() - started, "peak_mb": peak_mb()}


def measure_audio() -> Figures:
    """Measure the benchmarks' clips with an empty cache."""
    clips = utterances()
    with tempfile.TemporaryDirectory() as cache:
        started = time.perf_counter()
        AudioStatsCache(Path(cache) / "sounds.sqlite").stats([clip.sound for clip in clips])
        minutes = (time.perf_counter() - started) / 60
    return {"hours_a_minute": sum(clip.seconds for clip in clips) / 3600 / minutes}
