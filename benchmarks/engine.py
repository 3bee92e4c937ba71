"""`resume`, `sampler`, `memory`: what going on after a stop costs, and what a million utterances cost. No peer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.corpus import SOURCE, SPOKEN, TARGET, utterances
from benchmarks.side_by_side import Figures, Row, measure
from lib.data.buckets import Buckets
from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.data.store import ExampleStore, sizes_and_kinds
from lib.models.seamless import build_seamless, load_seamless
from lib.models.tokenizer import train_tokenizer
from lib.systems.backbones import PRESETS
from lib.tasks import Example, Task, examples
from lib.training.fit import TrainingProgress, fit
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage

SIZE = PRESETS["tiny"].size
STAGE = Stage("benchmark", 40, 1e-3, 10, batch_seconds=48.0, save_every=0.0)


def resume_rows(repeats: int) -> list[Row]:
    """Seconds from calling `fit` to the first update after a stop in the middle of an epoch."""
    with tempfile.TemporaryDirectory() as folder:
        texts = (text for sentence in SPOKEN.sentences(2000) for text in sentence.values())
        tokenizer = train_tokenizer(texts, [SOURCE, TARGET], SIZE.pieces, Path(folder) / "tokenizer")
        build_seamless(SIZE, tokenizer, [SOURCE, TARGET], 1).save(Path(folder) / "model")
        found = [measure(resume, model=str(Path(folder) / "model")) for _ in range(repeats)]
    return [Row("from fit() to the first update after a stop, tiny", "s", "", [one["seconds"] for one in found])]


class Stopped(Exception):
    """As a kill would, from inside."""


def resume(model: str) -> Figures:
    """Train, stop at update 20, and go on."""
    seamless = load_seamless(model, text=False)
    given, clock = examples(utterances(), Task.ST, TARGET), {}

    def stop(tick: TrainingProgress) -> None:
        if tick.update == 20:
            raise Stopped

    def first(tick: TrainingProgress) -> None:
        clock.setdefault("end", time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        try:
            fit(Seq2SeqObjective(seamless, 0.1), STAGE, given, Collator(seamless, FbankExtractor(4)), Path(folder), seed=1, watch=stop)
        except Stopped:
            pass
        started = time.perf_counter()
        fit(Seq2SeqObjective(seamless, 0.1), STAGE, given, Collator(seamless, FbankExtractor(4)), Path(folder), seed=1, watch=first)
    return {"seconds": clock["end"] - started}


def sampler_rows(repeats: int) -> list[Row]:
    """Seconds from opening 100,000 listed cuts to the batch in the middle of the third epoch."""
    with tempfile.TemporaryDirectory() as folder:
        ExampleStore.write(Path(folder) / "list", many(100_000))
        found = [measure(draw, listing=str(Path(folder) / "list"), batches=1, epoch=2) for _ in range(repeats)]
    return [Row("sampler of 100,000 cuts restored in mid-epoch", "s", "", [one["seconds"] for one in found])]


def memory_rows(repeats: int) -> list[Row]:
    """Peak memory of drawing 2,000 batches from listings of growing size, each in a process of its own."""
    made = []
    for count in (1_000, 100_000, 1_000_000):
        with tempfile.TemporaryDirectory() as folder:
            ExampleStore.write(Path(folder) / "list", many(count))
            found = [measure(draw, listing=str(Path(folder) / "list"), batches=2_000, epoch=0) for _ in range(repeats)]
        made.append(Row(f"peak memory, {count:,} cuts listed, 2,000 batches drawn", "MB", "", [one["peak_mb"] for one in found]))
        made.append(Row(f"first batch of {count:,} cuts", "s", "", [one["seconds"] for one in found]))
    return made


def many(count: int) -> Iterator[Example]:
    """Examples of unlike length, made as they are asked for."""
    for number in range(count):
        seconds = 1.0 + (number * 7919 % 1400) / 100
        audio = Path(f"/corpus/{number // 1000:04d}/{number:07d}.flac")
        yield Example(f"cut-{number:07d}", Task.ST, SOURCE, TARGET, "a sentence of some length", audio=audio, seconds=seconds)


def draw(listing: str, batches: int, epoch: int) -> Figures:
    """Open a listing and draw batches from the middle of an epoch on."""
    started = time.perf_counter()
    given = ExampleStore(listing)
    sizes, kinds = sizes_and_kinds(given)
    drawn = Buckets(given, sizes, 480.0, 64, 1, kinds).epoch(epoch)
    drawn[len(drawn) // 2]
    seconds = time.perf_counter() - started
    for number in range(batches):
        drawn[number % len(drawn)]
    return {"seconds": seconds, "peak_mb": peak_mb()}


def peak_mb() -> float:
    """Of this process alone: getrusage() would count the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024
