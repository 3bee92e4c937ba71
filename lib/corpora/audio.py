"""Read audio files as mono samples at 16 kHz, within memory that does not depend on headers."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr
from jaxtyping import Float

from lib.bounded import open_regular
from lib.utterance import SAMPLING_RATE

RATES = (1_000, 768_000)  # Hz, the lowest and the highest that are read
MAX_SECONDS = 4 * 3600.0  # read at once: 0.9 GB of samples
MAX_DECLARED_SECONDS = 1e6  # by a header; of streamed FLAC, libsndfile says 2^63 - 1 samples
BLOCK = 2**22  # samples decoded at once, of all channels
TOLERANCE_SECONDS = 0.5  # that MP3 headers may promise and not hold
REMEDY = "repair it or remove its row from the corpus"


class BadAudio(ValueError):
    """An audio file cannot be used; the message names the file, the cause and the remedy."""


def split_media_fragment(path: Path | str) -> tuple[Path, float, float | None]:
    """Split an address such as `talk.wav#t=12.5,16` into file, start and end.

    Returns:
        The file; the start and the end in seconds, where None is the end of the file. What does not
        end in two numbers of seconds is the name of a file.
    """
    seconds = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)"
    found = re.fullmatch(rf"(.+)#t={seconds},{seconds}", str(path), re.DOTALL)
    return (Path(found[1]), float(found[2]), float(found[3])) if found else (Path(path), 0.0, None)


@contextlib.contextmanager
def open_sound(path: Path) -> Iterator[soundfile.SoundFile]:
    """Open an audio file; the block may read it.

    Raises:
        BadAudio: it is not there, no regular file, not audio, or of a sampling rate outside
            `RATES` or unknown length. The message is the cause alone, without file and remedy.
    """
    try:
        # by descriptor: names of any bytes, and no format is guessed from a name's ending
        with (
            open_regular(path) as file,
            soundfile.SoundFile(file.fileno(), closefd=False) as sound,
        ):
            rate = sound.samplerate
            if not RATES[0] <= rate <= RATES[1]:
                low, high = RATES
                raise BadAudio(f"its sampling rate is {rate:,} Hz, not {low:,} to {high:,} Hz")
            if sound.frames > MAX_DECLARED_SECONDS * rate:
                raise BadAudio("its header does not give its length, as in a stream")
            yield sound
    except FileNotFoundError as error:
        raise BadAudio("no such file") from error
    except OSError as error:
        raise BadAudio(error.strerror or str(error)) from error
    except soundfile.LibsndfileError as error:
        raise BadAudio(f"not readable as audio ({error.error_string.rstrip('. ')})") from error


def read_audio(path: Path | str, max_seconds: float | None = None) -> Float[np.ndarray, "samples"]:
    """Read a file or a media fragment of one.

    Channels are averaged, and other sampling rates are resampled by soxr: in one pass, with memory
    for the result, at any ratio (an error below -60 dB up to 7 kHz, and no audible aliases).

    Args:
        max_seconds: read no more than this; None reads everything.

    Returns:
        float32 samples in [-1, 1] at 16 kHz.

    Raises:
        BadAudio: the file is missing, not audio, empty, damaged, longer than `MAX_SECONDS`, or
            holds values that are not finite.
    """
    file, start, end = split_media_fragment(path)
    if max_seconds is not None:
        end = start + max_seconds if end is None else min(end, start + max_seconds)
    try:
        with open_sound(file) as sound:
            return _decode(sound, start, end)
    except BadAudio as error:
        raise BadAudio(f"{path}: {error}; {REMEDY}") from error


def _decode(
    sound: soundfile.SoundFile, start: float, end: float | None
) -> Float[np.ndarray, "samples"]:
    rate = sound.samplerate
    first = min(round(start * rate), sound.frames)
    last = sound.frames if end is None else min(round(end * rate), sound.frames)
    seconds = max(0, last - first) / rate
    if seconds > MAX_SECONDS:
        limit = f"{MAX_SECONDS:,.0f} s that are read at once"
        raise BadAudio(f"{seconds:,.0f} s, more than the {limit}: list it in parts")
    resample = None
    if rate != SAMPLING_RATE:
        resample = soxr.ResampleStream(rate, SAMPLING_RATE, num_channels=1, dtype="float32")
    if first:
        sound.seek(first)
    parts, left, size = [], max(0, last - first), max(1, BLOCK // sound.channels)
    while left and len(block := sound.read(min(left, size), dtype="float32", always_2d=True)):
        left -= len(block)
        mono = block.mean(axis=1)
        if not np.isfinite(mono).all():
            raise BadAudio("NaN or infinite samples")
        parts.append(resample.resample_chunk(mono) if resample else mono)
    if left > TOLERANCE_SECONDS * rate:
        decoded = f"{seconds - left / rate:.2f} of {seconds:.2f} s can be decoded"
        raise BadAudio(f"truncated or damaged: {decoded}")
    if resample:
        parts.append(resample.resample_chunk(np.zeros(0, np.float32), last=True))
    if not sum(map(len, parts)):
        raise BadAudio("no samples")
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
