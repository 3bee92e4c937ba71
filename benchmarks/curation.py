"""`curation`: what it costs to hold a manifest of any length against the rules, and to listen. No peer."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from benchmarks.corpus import SOURCE, SPOKEN, TARGET, utterances
from benchmarks.engine import peak_mb
from benchmarks.side_by_side import Figures, Row, measure
from lib.corpora.audio_stats import Measured
from lib.corpora.curation.curate import curate
from lib.corpora.curation.rules import Rules
from lib.corpora.sources import own

LISTED = Rules(audio="listed")


def rows(repeats: int) -> list[Row]:
    """Seconds and peak memory of curating 1,000 and 100,000 lines, no audio opened; and hours that are heard a minute."""
    made = []
    with tempfile.TemporaryDirectory() as folder:
        for count in (1_000, 100_000):
            manifest = str(write(Path(folder) / f"{count}.tsv", count))
            found = [measure(curated, manifest=manifest) for _ in range(repeats)]
            made.append(Row(f"{count:,} manifest lines curated, no file opened", "s", "", [one["seconds"] for one in found]))
            made.append(Row(f"peak memory of curating {count:,} lines", "MB", "", [one["peak_mb"] for one in found]))
    heard = [measure(listened)["hours_a_minute"] for _ in range(repeats)]
    return [*made, Row("speech listened to: level, clipping, pitch, samples' hash", "h/min", "", heard)]


def write(path: Path, count: int) -> Path:
    """A manifest of sentences that are all different, with speakers of each split's own."""
    rng = random.Random(1)
    phrases = SPOKEN.sentences(2000)
    with open(path, "w", encoding="utf-8") as file:
        file.write("id\taudio\tsplit\tsource\ttarget\ttranscript\ttranslation\tspeaker\tseconds\n")
        for number in range(count):
            one, other = rng.choices(phrases, k=2)
            texts = [f"{one[code]}, {other[code]} {number}" for code in (SOURCE, TARGET)]
            split = "train" if number % 50 else rng.choice(("dev", "test"))
            fields = (f"u{number}", f"clips/{number}.wav", split, SOURCE, TARGET, *texts, f"{split}{number % 500}")
            file.write("\t".join((*fields, f"{len(texts[0]) / 14:.2f}")) + "\n")
    return path


def curated(manifest: str) -> Figures:
    """Curate a manifest from nothing."""
    with tempfile.TemporaryDirectory() as cache:
        started = time.perf_counter()
        curate("own", Path(manifest).parent, own.read(Path(manifest)), LISTED, Path(cache))
        return {"seconds": time.perf_counter() - started, "peak_mb": peak_mb()}


def listened() -> Figures:
    """Listen to the benchmarks' clips for the first time."""
    clips = utterances()
    with tempfile.TemporaryDirectory() as cache:
        started = time.perf_counter()
        Measured(Path(cache) / "sounds.sqlite").sounds([clip.sound for clip in clips])
        minutes = (time.perf_counter() - started) / 60
    return {"hours_a_minute": sum(clip.seconds for clip in clips) / 3600 / minutes}
