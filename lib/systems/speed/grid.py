"""The grid of a measurement: every system on every clip length and batch, in turns."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch

from lib.data.features import Samples
from lib.progress import Progress, no_progress
from lib.systems.speed.measure import (
    Stopwatch,
    Timing,
    free_at_once,
    peak_mb,
    reset_peak,
    used_mb,
)
from lib.systems.speed.parts import Parts
from lib.systems.speed.sizes import Sizes
from lib.systems.speed.systems import SYSTEMS, Timed
from lib.utterance import SAMPLING_RATE

Cell = tuple[float, int]  # seconds of a clip, clips of a batch
LARGEST_TURNS = 2


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """How many times the speed of another system: the median of pairs, and their whole range.

    The range of 6 independent pairs holds the true median with a probability of 97 %.
    """

    value: float
    low: float
    high: float
    pairs: int


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What a system takes, its weights included; largest batch 0: not even one clip fits."""

    system: str
    clip_seconds: float
    weights_mb: float
    peaks_mb: dict[int, float]  # batch -> peak
    largest_batch: int

    @property
    def clip_mb(self) -> float:
        """What one clip more takes."""
        low, high = min(self.peaks_mb), max(self.peaks_mb)
        return (self.peaks_mb[high] - self.peaks_mb[low]) / max(1, high - low)


def noise(seconds: float, batch: int) -> list[Samples]:
    """Clips of noise; what they hold makes no difference to speed."""
    rng = np.random.default_rng(1)
    shape = (batch, round(seconds * SAMPLING_RATE))
    return list(rng.normal(0, 0.1, shape).astype(np.float32))


def time_once(name: str, system: Timed, clips: Sequence[Samples], repetition: int = 0) -> Timing:
    """Time one generation of a batch."""
    seconds, watch = len(clips[0]) / SAMPLING_RATE, Stopwatch(system.parts.device)
    with torch.no_grad():
        system.run(clips, watch)
    return Timing(
        system=name,
        clip_seconds=seconds,
        batch=len(clips),
        repetition=repetition,
        parts=watch.parts,
        tokens=system.tokens(seconds),
        to_first_token=watch.tokens_at[0],
        to_translation=watch.tokens_at[system.before_translation(seconds)],
        positions=watch.positions,
    )


def time_all(
    systems: Mapping[str, Timed], sizes: Sizes, progress: Progress = no_progress
) -> list[Timing]:
    """Time every system in every cell of the grid.

    Systems take turns within each repetition, so that a machine that slows down slows them alike.
    """
    cells = [(seconds, batch) for seconds in sizes.clip_seconds for batch in sizes.batches]
    found = []
    for done, (seconds, batch) in enumerate(cells):
        progress(f"{batch} clips of {seconds:g} s", done, len(cells))
        clips = noise(seconds, batch)
        for repetition in range(-1, sizes.repetitions):  # the first of each shape is slow
            timings = [time_once(name, s, clips, repetition) for name, s in systems.items()]
            found += timings if repetition >= 0 else []
    return found


def of(timings: Iterable[Timing], system: str, cell: Cell) -> list[Timing]:
    """The repetitions of a system in a cell."""
    return [t for t in timings if t.system == system and (t.clip_seconds, t.batch) == cell]


def ratio(timings: Sequence[Timing], system: str, over: str, cell: Cell) -> Ratio:
    """How many times the speed of `over` a system has, by pairs of one repetition.

    Raises:
        ValueError: they were not measured alike in this cell.
    """
    own, other = ({t.repetition: t.seconds for t in of(timings, s, cell)} for s in (system, over))
    if not own or own.keys() != other.keys():
        raise ValueError(f"{system} and {over} have no equal repetitions at {cell}")
    found = [other[repetition] / own[repetition] for repetition in own]
    return Ratio(value=median(found), low=min(found), high=max(found), pairs=len(found))


# ---- memory and largest batches ----


def measure_memory(
    systems: Mapping[str, Timed], sizes: Sizes, progress: Progress = no_progress
) -> list[Memory]:
    """Peak memory of each system on clips of the middle length, and its largest batch.

    On a CPU each is built and measured in a fresh process at the grid's smallest and largest batch,
    and its largest batch is computed from the growth between them. On a GPU, where all systems
    stay, the batch is doubled until the memory does not suffice.
    """
    if all(system.parts.device == "cuda" for system in systems.values()):
        return [_memory_on_gpu(name, system) for name, system in systems.items()]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])  # the imports are shared by all
    found = []
    with context.Pool(1, maxtasksperchild=1) as pool:
        for done, name in enumerate(systems):
            progress(f"memory of {name}", done, len(systems))
            weights, peaks = pool.apply(peaks_in_process, (name, sizes, sizes.batches))
            memory = Memory(
                system=name,
                clip_seconds=sizes.middle_clip,
                weights_mb=weights,
                peaks_mb=peaks,
                largest_batch=largest_batch(peaks, sizes.memory_mb, sizes.batch_limit),
            )
            found.append(memory)
    return found


def peaks_in_process(
    name: str, sizes: Sizes, batches: Sequence[int]
) -> tuple[float, dict[int, float]]:
    """See `peaks_of`; to be called in a process of its own."""
    torch.set_num_threads(1)
    free_at_once()
    return peaks_of(name, SYSTEMS[name](Parts(sizes)), batches)


def peaks_of(name: str, system: Timed, batches: Sequence[int]) -> tuple[float, dict[int, float]]:
    """The weights of a system, and with them its peak memory at each batch, in MB."""
    device, sizes, peaks = system.parts.device, system.sizes, {}
    weights = sum(w.numel() * w.element_size() for w in system.weights()) / 2**20
    time_once(name, system, noise(min(sizes.clip_seconds), 1))  # loads what is loaded lazily
    for batch in batches:
        clips = noise(sizes.middle_clip, batch)
        before = used_mb(device)
        reset_peak(device)
        time_once(name, system, clips)
        peaks[batch] = weights + peak_mb(device) - before
    return weights, peaks


def largest_batch(peaks_mb: Mapping[int, float], budget_mb: float, limit: int) -> int:
    """The largest batch under a budget, if memory grows with the batch as it was seen to; 0: none.

    Args:
        peaks_mb: batch -> peak, of two batches at least.
    """
    low, high = min(peaks_mb), max(peaks_mb)
    growth = max(1e-6, (peaks_mb[high] - peaks_mb[low]) / (high - low))
    return max(0, min(limit, int(low + (budget_mb - peaks_mb[low]) / growth)))


def _memory_on_gpu(name: str, system: Timed) -> Memory:
    """As `Memory`, by doubling."""
    sizes = system.sizes

    def attempt(batch: int) -> None:
        time_once(name, system, noise(sizes.middle_clip, batch))

    largest = doubled(attempt, sizes.batch_limit)
    weights, peaks = peaks_of(name, system, sorted({1, largest}) if largest else [])
    return Memory(
        system=name,
        clip_seconds=sizes.middle_clip,
        weights_mb=weights,
        peaks_mb=peaks or {1: float("nan")},
        largest_batch=largest,
    )


def doubled(attempt: Callable[[int], None], limit: int) -> int:
    """The largest power of two up to a limit that fits a GPU's memory; 0: none."""
    largest, batch = 0, 1
    while batch <= limit:
        try:
            attempt(batch)
        except torch.cuda.OutOfMemoryError:
            break
        largest, batch = batch, batch * 2
    torch.cuda.empty_cache()
    return largest


def time_largest(
    systems: Mapping[str, Timed], memories: Sequence[Memory], progress: Progress = no_progress
) -> list[Timing]:
    """Time each system at its own largest batch, in turns."""
    found = []
    for turn in range(LARGEST_TURNS):
        progress("the largest batches", turn, LARGEST_TURNS)
        for memory in memories:
            if memory.largest_batch:
                clips = noise(memory.clip_seconds, memory.largest_batch)
                found.append(time_once(memory.system, systems[memory.system], clips, turn))
    return found
