"""Read audio files as mono samples at 16 kHz."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Float

from lib.utterance import SAMPLING_RATE


class BadAudio(ValueError):
    """An audio file cannot be used; the message names the file, the cause and the remedy."""


def split_media_fragment(path: Path | str) -> tuple[Path, float, float | None]:
    """Split an address such as `talk.wav#t=12.5,16` into file, start and end.

    Returns:
        The file; the start and the end in seconds, where None is the end of the file.
    """
    found = re.fullmatch(r"(.+)#t=([0-9.]+),([0-9.]+)", str(path))
    return (Path(found[1]), float(found[2]), float(found[3])) if found else (Path(path), 0.0, None)


def read_audio(path: Path | str, max_seconds: float | None = None) -> Float[np.ndarray, "samples"]:
    """Read a file or a media fragment of one.

    Channels are averaged and other sampling rates are resampled.

    Args:
        max_seconds: read no more than this; None reads everything.

    Returns:
        float32 samples in [-1, 1] at 16 kHz.

    Raises:
        BadAudio: the file is missing, not audio, empty, or holds values that are not finite.
    """
    file, start, end = split_media_fragment(path)
    if max_seconds is not None:
        end = start + max_seconds if end is None else min(end, start + max_seconds)
    try:
        with soundfile.SoundFile(file) as sound:
            rate = sound.samplerate
            sound.seek(min(round(start * rate), sound.frames))
            count = -1 if end is None else max(0, round(end * rate) - round(start * rate))
            samples = sound.read(count, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        cause = f"not readable as audio ({error})" if file.exists() else "no such file"
        raise BadAudio(f"{path}: {cause}; repair it or remove its row from the corpus") from error
    mono = samples.mean(axis=1)
    if not mono.size:
        raise BadAudio(f"{path}: no samples; record it again or remove its row from the corpus")
    if not np.isfinite(mono).all():
        raise BadAudio(f"{path}: NaN or infinite samples; export it again as 16-bit PCM")
    if rate != SAMPLING_RATE:
        import torch
        from torchaudio.functional import resample

        mono = resample(torch.from_numpy(mono), rate, SAMPLING_RATE).numpy()
    return mono
