"""Measure audio files (length, level, clipping, pitch) and cache the results on disk."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile
from jaxtyping import Float

from lib.cgroup import usable_cores
from lib.corpora.audio import BadAudio, read_audio, split_media_fragment
from lib.files import content_hash, file_hash
from lib.utterance import SAMPLING_RATE

T = TypeVar("T", "Header", "AudioStats")

CLIPPING_LEVEL = 0.999  # of full scale; a sample at or above it counts as clipped
STREAM_BYTES = 0x7FFFF000  # headers of streamed WAVs declare at least this length, as a placeholder
PITCH_RANGE = (60.0, 400.0)  # Hz, of speech


@dataclass(frozen=True)
class Header:
    """The header of an audio file."""

    seconds: float
    declared_seconds: float  # more than `seconds` if the file is truncated
    sampling_rate: int  # Hz
    channels: int


@dataclass(frozen=True, kw_only=True)
class AudioStats:
    """Statistics of a file or a media fragment, as mono samples at 16 kHz."""

    seconds: float
    level_db: float  # RMS relative to full scale
    clipped_share: float  # of all samples
    pitch_hz: float  # median over voiced frames; NaN if no frame is voiced
    hash: str  # of the samples


def read_header(path: Path) -> Header:
    """Read the header of a file.

    Raises:
        BadAudio: the file is missing, a link to itself, not audio, or without samples.
    """
    try:
        os.stat(path)
        facts = soundfile.info(path, verbose=True)
    except OSError as error:
        raise BadAudio(f"{path.name}: {error.strerror or error}") from error
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise BadAudio(
            f"{path.name} is not readable as audio ({str(error).rstrip(':. ')})"
        ) from error
    if facts.frames == 0:
        raise BadAudio(f"{path.name} holds no samples")
    # libsndfile derives the length of a truncated WAV from its size and only logs the declared one
    cut = re.search(r"data : (\d+) \(should be (\d+)\)", facts.extra_info)
    share = int(cut[1]) / int(cut[2]) if cut and int(cut[2]) and int(cut[1]) < STREAM_BYTES else 1.0
    return Header(facts.duration, facts.duration * share, facts.samplerate, facts.channels)


def measure_audio(path: Path) -> AudioStats:
    """Decode a file or a media fragment and measure it.

    Raises:
        BadAudio: the file cannot be decoded.
    """
    samples = read_audio(path)
    power = float(np.mean(samples.astype(np.float64) ** 2))
    pcm = np.round(samples * 32767).astype(np.int16)
    return AudioStats(
        seconds=len(samples) / SAMPLING_RATE,
        level_db=10 * math.log10(power + 1e-12),
        clipped_share=float(np.mean(np.abs(samples) >= CLIPPING_LEVEL)),
        pitch_hz=median_pitch(samples),
        hash=hashlib.blake2b(pcm.tobytes(), digest_size=8).hexdigest(),
    )


def median_pitch(samples: Float[np.ndarray, "samples"], max_seconds: float = 5.0) -> float:
    """Median pitch of the voiced frames by autocorrelation.

    Args:
        max_seconds: analyse no more than this, from the middle.

    Returns:
        Hz; NaN if no frame is voiced.
    """
    middle, half = len(samples) // 2, int(max_seconds * SAMPLING_RATE / 2)
    samples = samples[max(0, middle - half) : middle + half]
    size, hop = 1024, 400  # samples: 64 ms frames every 25 ms
    if len(samples) < size:
        return math.nan
    window = np.hanning(size)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop] * window
    correlation = _autocorrelation(frames)
    # the window attenuates long lags, so divide by its own autocorrelation
    window_correlation = _autocorrelation(window)
    low, high = (int(SAMPLING_RATE / hertz) for hertz in reversed(PITCH_RANGE))
    normalized = correlation[:, low:high] / (correlation[:, :1] + 1e-9)
    strength = normalized * (window_correlation[0] / window_correlation[low:high])
    loud = correlation[:, 0] > 0.1 * correlation[:, 0].max()
    peak = strength.max(1)
    # take the first of the near-highest peaks: later ones are multiples of the period
    first = np.argmax(strength > 0.9 * peak[:, None], axis=1)
    peaks = zip(first, strength, strict=True)
    lags = first + np.array([np.argmax(row[lag : lag + 12]) for lag, row in peaks], dtype=int)
    voiced = loud & (peak > 0.6)
    return float(np.median(SAMPLING_RATE / (low + lags[voiced]))) if voiced.any() else math.nan


def _autocorrelation(frames: Float[np.ndarray, "*n size"]) -> Float[np.ndarray, "*n size"]:
    size = frames.shape[-1]
    return np.fft.irfft(np.abs(np.fft.rfft(frames, 2 * size)) ** 2)[..., :size]


class AudioStatsCache:
    """Headers and statistics in one SQLite file, keyed by path, size and modification time."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(path, timeout=60)
        self._base.execute(
            "CREATE TABLE IF NOT EXISTS measured (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID"
        )

    def headers(self, paths: Sequence[Path]) -> list[Header | BadAudio]:
        """The header of each file, or the error on reading it."""
        return self._measure_all("header", read_header, Header, paths)

    def stats(self, paths: Sequence[Path]) -> list[AudioStats | BadAudio]:
        """The statistics of each file or media fragment, or the error on reading it."""
        return self._measure_all("sound", measure_audio, AudioStats, paths)

    def _measure_all(
        self, kind: str, measure: Callable[[Path], T], shape: type[T], paths: Sequence[Path]
    ) -> list[T | BadAudio]:
        def attempt(path: Path) -> T | BadAudio:
            try:
                return measure(path)
            except BadAudio as error:
                return error

        keys = [f"{kind} {_code_hash()} {_stamp(path)}" for path in paths]
        marks = ",".join("?" * len(keys))
        rows = self._base.execute(f"SELECT key, value FROM measured WHERE key IN ({marks})", keys)
        known = {key: shape(**json.loads(value)) for key, value in rows}
        new = {key: path for key, path in zip(keys, paths, strict=True) if key not in known}
        with ThreadPoolExecutor(usable_cores()) as threads:  # libsndfile decodes without the GIL
            found = dict(zip(new, threads.map(attempt, new.values()), strict=True))
        # errors are not stored: a disk may be back tomorrow
        measured = [
            (key, json.dumps(asdict(value)))
            for key, value in found.items()
            if not isinstance(value, BadAudio)
        ]
        with self._base:
            self._base.executemany("INSERT OR REPLACE INTO measured VALUES (?, ?)", measured)
        known |= found
        return [known[key] for key in keys]


@cache
def _code_hash() -> str:
    """Part of the key: a change of the code invalidates the cache."""
    folder = Path(__file__).parent
    return content_hash([file_hash(folder / name) for name in ("audio_stats.py", "audio.py")])


def _stamp(path: Path) -> str:
    try:
        facts = os.stat(split_media_fragment(path)[0])
        return f"{path} {facts.st_size} {facts.st_mtime_ns}"
    except OSError:
        return f"{path} gone"
