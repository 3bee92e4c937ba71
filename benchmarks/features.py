"""`fbank`: filter banks of 32 clips, ours against transformers' `SeamlessM4TFeatureExtractor`."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from transformers import SeamlessM4TFeatureExtractor

from benchmarks.corpus import utterances
from benchmarks.side_by_side import Figures, Row, alternate, measure, paired_row
from lib.corpora.audio import read_audio
from lib.data.features import fbank
from lib.utterance import SAMPLING_RATE

PEER = "transformers SeamlessM4TFeatureExtractor"
CLIPS = 32
STACK = 2  # frames; the published models'
TOLERANCE = 1e-3  # of a feature; larger differences are not rounding
WARMUP_CALLS = 3  # windows, filters and thread pools are made in the first calls


def rows(repeats: int, seconds: float = 5.0) -> list[Row]:
    """Clips a second of both sides, and the difference of their features.

    Raises:
        ValueError: the features differ by more than rounding, so the speeds cannot be compared.
    """
    utterances()  # synthesized here, not in the first measurement
    gap = measure(difference)["largest"]
    if not gap < TOLERANCE:
        raise ValueError(f"fbank: our features differ from {PEER}'s by {gap:.2g} > {TOLERANCE}")
    pairs = alternate(
        "fbank",
        repeats,
        partial(measure, ours, seconds=seconds),
        lambda _ours: measure(theirs, seconds=seconds),
        "clips_per_second",
    )
    what = f"batch of {CLIPS} clips to filter banks"
    one = "one clip of that batch"
    return [
        paired_row(pairs, "clips_per_second", what=what, unit="clips/s", peer=PEER),
        paired_row(pairs, "milliseconds", what=one, unit="ms", peer=PEER),
        Row(
            what="largest absolute difference of the features",
            unit="standard deviations",
            peer=PEER,
            ours=[gap],
        ),
    ]


def ours(seconds: float) -> Figures:
    """Speed of our filter banks."""
    clips = _clips()
    return _speed(lambda: [fbank(clip, STACK) for clip in clips], seconds)


def theirs(seconds: float) -> Figures:
    """Speed of the extractor, called once for the whole batch as its documentation does."""
    clips, extract = _clips(), _extractor()
    return _speed(lambda: extract(clips), seconds)


def difference() -> Figures:
    """The largest difference over all frames of all clips."""
    clips = _clips()
    padded = _extractor()(clips).input_features
    gaps = []
    for clip, other in zip(clips, padded, strict=True):
        own = fbank(clip, STACK)
        # theirs keeps an incomplete last frame and pads it
        gaps.append((own - other[: len(own)]).abs().max().item())
    return {"largest": max(gaps)}


def _clips() -> list[np.ndarray]:
    return [read_audio(utterance.audio) for utterance in utterances()[:CLIPS]]


def _extractor() -> Callable:
    extractor = SeamlessM4TFeatureExtractor(stride=STACK)
    return partial(extractor, sampling_rate=SAMPLING_RATE, return_tensors="pt")


def _speed(work: Callable[[], object], seconds: float) -> Figures:
    for _ in range(WARMUP_CALLS):
        work()
    batches, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < seconds:
        work()
        batches += 1
    clips = CLIPS * batches
    return {"clips_per_second": clips / spent, "milliseconds": 1000 * spent / clips}
