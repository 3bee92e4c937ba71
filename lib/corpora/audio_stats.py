"""Measure audio files (length, level, clipping, pitch) and cache the results on disk."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from lib.cgroup import usable_cores
from lib.corpora import sound_shape
from lib.corpora.audio import BadAudio, open_sound, read_audio, split_media_fragment
from lib.files import content_hash, file_hash, stamp
from lib.sqlite_cache import SqliteCache
from lib.utterance import SAMPLING_RATE

T = TypeVar("T", "Header", "AudioStats")

CLIPPING_LEVEL = 0.999  # of full scale; a sample at or above it counts as clipped
STREAM_BYTES = 0x7FFFF000  # headers of streamed WAVs declare at least this length, as a placeholder
CHANNEL_SECONDS, SILENT_PEAK = 30.0, 1e-3  # of a channel: how much is read, and its loudest sample
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
    fingerprint: str  # see lib/corpora/sound_shape.py; "" for short or steady sound
    modulation_db: float  # standard deviation of the level
    drop_at_4_khz_db: float  # of the mean power; NaN if the file has a lower rate than 16 kHz
    dc_offset: float  # mean of the samples, relative to full scale
    flat_share: float  # of the samples, on plateaus at the peaks
    still_share: float  # of the samples, in runs of equal values
    silent_channels: str  # such as "2"; "" if none is, or all are


def read_header(path: Path) -> Header:
    """Read the header of a file.

    Raises:
        BadAudio: the file is missing, a link to itself, not audio, or without samples.
    """
    try:
        with open_sound(path) as sound:
            frames, rate, channels = sound.frames, sound.samplerate, sound.channels
            log = sound.extra_info
    except BadAudio as error:
        raise BadAudio(f"{path.name}: {error}") from error
    if frames == 0:
        raise BadAudio(f"{path.name} holds no samples")
    # libsndfile derives the length of a truncated WAV from its size and only logs the declared one
    cut = re.search(r"data : (\d+) \(should be (\d+)\)", log)
    share = int(cut[1]) / int(cut[2]) if cut and int(cut[2]) and int(cut[1]) < STREAM_BYTES else 1.0
    return Header(frames / rate, frames / rate * share, rate, channels)


def measure_audio(path: Path) -> AudioStats:
    """Decode a file or a media fragment and measure it.

    Raises:
        BadAudio: the file cannot be decoded.
    """
    samples = read_audio(path)
    power = float(np.mean(samples.astype(np.float64) ** 2))
    pcm = np.round(samples * 32767).astype(np.int16)
    powers = sound_shape.frame_powers(samples)
    sampling_rate, silent_channels = _channels(path)
    narrow = sampling_rate < SAMPLING_RATE
    return AudioStats(
        seconds=len(samples) / SAMPLING_RATE,
        level_db=10 * math.log10(power + 1e-12),
        clipped_share=float(np.mean(np.abs(samples) >= CLIPPING_LEVEL)),
        pitch_hz=median_pitch(samples),
        hash=hashlib.blake2b(pcm.tobytes(), digest_size=8).hexdigest(),
        fingerprint=sound_shape.fingerprint(powers),
        modulation_db=sound_shape.modulation_db(powers),
        drop_at_4_khz_db=math.nan if narrow else sound_shape.drop_at_4_khz_db(powers),
        dc_offset=float(samples.mean(dtype=np.float64)),
        flat_share=sound_shape.flat_share(samples),
        still_share=sound_shape.still_share(pcm),
        silent_channels=silent_channels,
    )


def _channels(path: Path) -> tuple[int, str]:
    """The sampling rate, and the channels (from 1) that are silent beside others that are not.

    Mono files are not decoded for it; of others, no more than `CHANNEL_SECONDS`.
    """
    file, start, _ = split_media_fragment(path)
    with open_sound(file) as sound:
        rate = sound.samplerate
        if sound.channels == 1:
            return rate, ""
        sound.seek(min(round(start * rate), sound.frames))
        samples = sound.read(int(CHANNEL_SECONDS * rate), dtype="float32", always_2d=True)
    peaks = np.abs(samples).max(0, initial=0.0)
    silent = np.flatnonzero(peaks < SILENT_PEAK) + 1
    return rate, ", ".join(map(str, silent)) if len(silent) < len(peaks) else ""


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
    """Headers and statistics in one SQLite file, keyed by path, size, inode and times."""

    def __init__(self, path: Path) -> None:
        self._cache = SqliteCache(path)

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

        keys = [os.fsencode(f"{kind} {_code_hash()} {_stamp(path)}") for path in paths]
        values = self._cache.get(keys)
        known = {key: shape(**json.loads(value)) for key, value in values.items()}
        new = {key: path for key, path in zip(keys, paths, strict=True) if key not in known}
        with ThreadPoolExecutor(usable_cores()) as threads:  # libsndfile decodes without the GIL
            found = dict(zip(new, threads.map(attempt, new.values()), strict=True))
        # errors are not stored: a disk may be back tomorrow
        self._cache.put(
            {
                key: json.dumps(asdict(value)).encode()
                for key, value in found.items()
                if not isinstance(value, BadAudio)
            }
        )
        known |= found
        return [known[key] for key in keys]


@cache
def _code_hash() -> str:
    """Part of the key: a change of the code invalidates the cache."""
    folder, names = Path(__file__).parent, ("audio_stats.py", "audio.py", "sound_shape.py")
    return content_hash([file_hash(folder / name) for name in names])


def _stamp(path: Path) -> str:
    try:
        return f"{path} {stamp(split_media_fragment(path)[0])}"
    except OSError:
        return f"{path} gone"
