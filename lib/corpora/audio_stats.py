"""What is in an audio file, measured: its length, level, clipping and pitch, kept on disk so that it is measured once."""

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

from lib.corpora.audio import BadAudio, read_audio, whole_and_part
from lib.corpora.voices import SAMPLING_RATE
from lib.files import content_hash, file_hash

T = TypeVar("T", "Header", "Sound")

FULL_SCALE = 0.999  # from which a sample counts as clipped
STREAMED = 0x7FFFF000  # bytes and more are what a program writes that does not know the length yet, such as into a pipe
PITCHES = (60.0, 400.0)  # Hz, of speech


@dataclass(frozen=True)
class Header:
    """What a file says of itself."""

    seconds: float
    promised: float  # seconds that its header promises; more than there are where it was cut off
    rate: int  # Hz
    channels: int


@dataclass(frozen=True)
class Sound:
    """What is heard in a file, or in a part of one, once it is mono at 16 kHz."""

    seconds: float
    level: float  # RMS in dB relative to full scale
    clipped: float  # share of samples at full scale
    pitch: float  # Hz, the median over voiced frames; NaN where nothing is voiced
    hash: str  # of the samples


def header(path: Path) -> Header:
    """Read a file's header only.

    Raises:
        BadAudio: no such file, a link that leads to itself, not audio, or without samples.
    """
    try:
        os.stat(path)
        facts = soundfile.info(path, verbose=True)
    except OSError as error:
        raise BadAudio(f"{path.name}: {error.strerror or error}") from error
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise BadAudio(f"{path.name} is not readable as audio ({str(error).rstrip(':. ')})") from error
    if facts.frames == 0:
        raise BadAudio(f"{path.name} holds no samples")
    # libsndfile takes the length of a WAV that was cut off from its size, and only mentions what the header says
    cut = re.search(r"data : (\d+) \(should be (\d+)\)", facts.extra_info)
    share = int(cut[1]) / int(cut[2]) if cut and int(cut[2]) and int(cut[1]) < STREAMED else 1.0
    promised = facts.duration * share
    return Header(facts.duration, promised, facts.samplerate, facts.channels)


def listen(path: Path) -> Sound:
    """Hear a file, or the part of it that `path` means.

    Raises:
        BadAudio: it cannot be decoded.
    """
    samples = read_audio(path)
    level = 10 * math.log10(float(np.mean(samples.astype(np.float64) ** 2)) + 1e-12)
    digest = hashlib.blake2b(np.round(samples * 32767).astype(np.int16).tobytes(), digest_size=8).hexdigest()
    clipped = float(np.mean(np.abs(samples) >= FULL_SCALE))
    return Sound(len(samples) / SAMPLING_RATE, level, clipped, pitch(samples), digest)


def pitch(samples: Float[np.ndarray, "samples"], longest: float = 5.0) -> float:
    """The median pitch of the voiced frames in Hz, by autocorrelation; NaN where there is none.

    Args:
        longest: seconds that are looked at, from the middle.
    """
    middle, half = len(samples) // 2, int(longest * SAMPLING_RATE / 2)
    samples = samples[max(0, middle - half) : middle + half]
    size, hop = 1024, 400
    if len(samples) < size:
        return math.nan
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop] * np.hanning(size)
    power = np.abs(np.fft.rfft(frames, 2 * size)) ** 2
    echo = np.fft.irfft(power)[:, :size]
    # the window makes distant echoes fainter than they are
    fading = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(size), 2 * size)) ** 2)[:size]
    low, high = int(SAMPLING_RATE / PITCHES[1]), int(SAMPLING_RATE / PITCHES[0])
    strength = echo[:, low:high] / (echo[:, :1] + 1e-9) * (fading[0] / fading[low:high])
    loud = echo[:, 0] > 0.1 * echo[:, 0].max()
    best = strength.max(1)
    # of the peaks that are nearly as high as the highest the first one: the others are its multiples
    first = np.argmax(strength > 0.9 * best[:, None], axis=1)
    lags = np.array([lag + int(np.argmax(row[lag : lag + 12])) for lag, row in zip(first, strength, strict=True)], dtype=int)
    voiced = loud & (best > 0.6)
    return float(np.median(SAMPLING_RATE / (low + lags[voiced]))) if voiced.any() else math.nan


class Measured:
    """Headers and sounds of files, each measured once: kept in one SQLite file, found by path, size and time of change."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(path, timeout=60)
        self._base.execute("CREATE TABLE IF NOT EXISTS measured (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")

    def headers(self, paths: Sequence[Path]) -> list[Header | BadAudio]:
        """The header of each file, or what is wrong with it."""
        return self._each("header", header, Header, paths)

    def sounds(self, paths: Sequence[Path]) -> list[Sound | BadAudio]:
        """What is heard in each file or part of one, or what is wrong with it."""
        return self._each("sound", listen, Sound, paths)

    def _each(self, kind: str, measure: Callable[[Path], T], shape: type[T], paths: Sequence[Path]) -> list[T | BadAudio]:
        def attempt(path: Path) -> T | BadAudio:
            try:
                return measure(path)
            except BadAudio as error:
                return error

        keys = [f"{kind} {_code()} {_stamp(path)}" for path in paths]
        marks = ",".join("?" * len(keys))
        rows = self._base.execute(f"SELECT key, value FROM measured WHERE key IN ({marks})", keys)
        known = {key: shape(**json.loads(value)) for key, value in rows}
        new = {key: path for key, path in zip(keys, paths, strict=True) if key not in known}
        with ThreadPoolExecutor(os.cpu_count()) as threads:  # libsndfile decodes without Python's lock
            found = dict(zip(new, threads.map(attempt, new.values()), strict=True))
        # what went wrong is not kept: a disk may be back tomorrow
        measured = [(key, json.dumps(asdict(value))) for key, value in found.items() if not isinstance(value, BadAudio)]
        with self._base:
            self._base.executemany("INSERT OR REPLACE INTO measured VALUES (?, ?)", measured)
        known |= found
        return [known[key] for key in keys]


@cache
def _code() -> str:
    """Another way of measuring measures anew."""
    room = Path(__file__).parent
    return content_hash([file_hash(room / name) for name in ("audio_stats.py", "audio.py")])


def _stamp(path: Path) -> str:
    try:
        facts = os.stat(whole_and_part(path)[0])
        return f"{path} {facts.st_size} {facts.st_mtime_ns}"
    except OSError:
        return f"{path} gone"
