"""`resume`, `sampler`, `memory`: the cost of resuming, and of a million utterances. No peer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.corpus import SOURCE, TARGET, utterances
from benchmarks.models import save_tiny_model
from benchmarks.side_by_side import Figures, Row, measure
from lib.data.buckets import Buckets
from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.data.store import ExampleStore, costs_and_kinds
from lib.models.seamless import load_seamless
from lib.progress import TrainingCallback, TrainingProgress
from lib.tasks import ST, Example, examples
from lib.training.fit import fit
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage

STOP_AT = 20  # updates
STAGE = Stage(
    name="benchmark",
    updates=40,
    learning_rate=1e-3,
    warmup_updates=10,
    batch_seconds=48.0,
    save_every_seconds=0.0,
)


def resume_rows(repeats: int) -> list[Row]:
    """Seconds from calling `fit` to the first update after a stop in the middle of an epoch."""
    with tempfile.TemporaryDirectory() as folder:
        model = save_tiny_model(Path(folder))
        seconds = [measure(resume, model=model)["seconds"] for _ in range(repeats)]
    what = "from fit() to the first update after a stop, tiny"
    return [Row(what=what, unit="s", ours=seconds)]


class Stopped(Exception):
    """Ends a training between two updates, as a kill would."""


def resume(model: str) -> Figures:
    """Train, stop, and resume."""
    seamless = load_seamless(model, text=False)
    chosen = examples(utterances(), ST, TARGET)
    first_update: list[float] = []

    def stop(progress: TrainingProgress) -> None:
        if progress.update == STOP_AT:
            raise Stopped

    def note_time(_progress: TrainingProgress) -> None:
        first_update.append(time.perf_counter())

    def train(folder: str, callback: TrainingCallback) -> None:
        objective = Seq2SeqObjective(seamless, 0.1)
        collate = Collator(seamless, FbankExtractor(seamless.stack))
        fit(objective, STAGE, chosen, collate, Path(folder), seed=1, callback=callback)

    with tempfile.TemporaryDirectory() as folder:
        try:
            train(folder, stop)
        except Stopped:
            pass
        started = time.perf_counter()
        train(folder, note_time)
    return {"seconds": first_update[0] - started}


def sampler_rows(repeats: int) -> list[Row]:
    """Seconds from opening 100,000 examples to the batch in the middle of the third epoch."""
    with tempfile.TemporaryDirectory() as folder:
        listing = _write_examples(folder, 100_000)
        runs = [measure(draw, listing=listing, batches=1, epoch=2) for _ in range(repeats)]
    what = "sampler of 100,000 cuts restored in mid-epoch"
    return [Row(what=what, unit="s", ours=[run["seconds"] for run in runs])]


def memory_rows(repeats: int) -> list[Row]:
    """Peak memory of drawing 2,000 batches from stores of growing size."""
    table = []
    for count in (1_000, 100_000, 1_000_000):
        with tempfile.TemporaryDirectory() as folder:
            listing = _write_examples(folder, count)
            runs = [measure(draw, listing=listing, batches=2_000, epoch=0) for _ in range(repeats)]
        memory, seconds = ([run[key] for run in runs] for key in ("peak_mb", "seconds"))
        what = f"peak memory, {count:,} cuts listed, 2,000 batches drawn"
        table.append(Row(what=what, unit="MB", ours=memory))
        table.append(Row(what=f"first batch of {count:,} cuts", unit="s", ours=seconds))
    return table


def _write_examples(folder: str, count: int) -> str:
    listing = Path(folder) / "list"
    ExampleStore.write(listing, make_examples(count))
    return str(listing)


def make_examples(count: int) -> Iterator[Example]:
    """Examples of 1 to 15 s, made one at a time."""
    for number in range(count):
        yield Example(
            id=f"cut-{number:07d}",
            task=ST,
            source=SOURCE,
            target=TARGET,
            target_text="a sentence of some length",
            audio=Path(f"/corpus/{number // 1000:04d}/{number:07d}.flac"),
            seconds=1.0 + (number * 7919 % 1400) / 100,
        )


def draw(listing: str, batches: int, epoch: int) -> Figures:
    """Open a store and draw batches, the first of them from the middle of an epoch."""
    started = time.perf_counter()
    store = ExampleStore(listing)
    costs, kinds = costs_and_kinds(store)
    drawn = Buckets(store, costs, 480.0, 64, 1, kinds).epoch(epoch)
    drawn[len(drawn) // 2]
    seconds = time.perf_counter() - started
    for number in range(batches):
        drawn[number % len(drawn)]
    return {"seconds": seconds, "peak_mb": peak_mb()}


def peak_mb() -> float:
    """Peak memory of this process alone; getrusage() would include its parent's before exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return float(line.split()[1]) / 1024
