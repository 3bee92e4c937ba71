"""`fbank`: 32 clips to filter banks, ours against transformers' `SeamlessM4TFeatureExtractor`."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from transformers import SeamlessM4TFeatureExtractor

from benchmarks.corpus import utterances
from benchmarks.side_by_side import Figures, Row, alternate, measure, row
from lib.corpora.audio import read_audio
from lib.corpora.voices import SAMPLING_RATE
from lib.data.features import fbank_batch

PEER = "transformers SeamlessM4TFeatureExtractor"
CLIPS = 32
STACK = 2  # the published models'
LARGEST = 1e-3  # difference that is rounding still


def rows(repeats: int, seconds: float = 5.0) -> list[Row]:
    """Clips a second of both sides, and how far apart their features are.

    Raises:
        ValueError: they differ by more than rounding, so that the speeds are not of the same thing.
    """
    utterances()  # spoken here if they are not there yet, not in the first measurement's process
    score_gap = measure(difference)["largest"]
    if not score_gap < LARGEST:
        raise ValueError(f"fbank: our features differ from {PEER}'s by {score_gap:.2g}, which is {LARGEST} or more")
    pairs = alternate(
        "fbank", repeats, lambda: measure(ours, seconds=seconds), lambda _: measure(theirs, seconds=seconds), "clips_per_second"
    )
    return [
        row(pairs, "clips_per_second", f"batch of {CLIPS} clips to filter banks", "clips/s", PEER),
        row(pairs, "milliseconds", "one clip of that batch", "ms", PEER),
        Row("largest absolute difference of the features", "standard deviations", PEER, [score_gap]),
    ]


def ours(seconds: float) -> Figures:
    """Our filter banks."""
    clips = _clips()
    return _speed(lambda: fbank_batch(clips, STACK), seconds)


def theirs(seconds: float) -> Figures:
    """The extractor, called once for the whole batch as its documentation does."""
    clips, extractor = _clips(), SeamlessM4TFeatureExtractor(stride=STACK)
    return _speed(lambda: extractor(clips, sampling_rate=SAMPLING_RATE, return_tensors="pt"), seconds)


def difference() -> Figures:
    """The largest difference over all frames of all clips."""
    clips, extractor = _clips(), SeamlessM4TFeatureExtractor(stride=STACK)
    heard = fbank_batch(clips, STACK)
    padded = extractor(clips, sampling_rate=SAMPLING_RATE, return_tensors="pt").input_features
    # ours leaves out a last frame that is not whole; theirs keeps it, filled up with padding
    return {"largest": max((one - other[: len(one)]).abs().max().item() for one, other in zip(heard, padded, strict=True))}


def _clips() -> list[np.ndarray]:
    return [read_audio(utterance.audio) for utterance in utterances()[:CLIPS]]


def _speed(work: Callable[[], object], seconds: float) -> Figures:
    for _ in range(3):  # windows, filters and thread pools are made on the first calls
        work()
    batches, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < seconds:
        work()
        batches += 1
    return {"clips_per_second": CLIPS * batches / spent, "milliseconds": 1000 * spent / (CLIPS * batches)}
