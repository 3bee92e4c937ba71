"""Audio files to samples: mono, 16 kHz, or an error that names the file and the remedy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
import torch
from jaxtyping import Float

from lib.corpora.voices import SAMPLING_RATE


class BadAudio(ValueError):
    """A file that cannot be heard; the message names it, says why, and what to do."""


def read_audio(path: Path | str) -> Float[np.ndarray, "samples"]:
    """The file as float32 samples in [-1, 1] at 16 kHz; channels are averaged, other rates are resampled.

    Raises:
        BadAudio: missing, not audio, empty, or not finite.
    """
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        why = "there is no such file" if not Path(path).exists() else f"it is not readable as audio ({error})"
        raise BadAudio(f"{path}: {why}; repair it or leave its row out") from error
    mono = samples.mean(axis=1)
    if not mono.size:
        raise BadAudio(f"{path}: it holds no samples; record it again or leave its row out")
    if not np.isfinite(mono).all():
        raise BadAudio(f"{path}: it holds NaN or infinite samples; export it again as 16-bit PCM")
    if rate != SAMPLING_RATE:
        import torchaudio

        mono = torchaudio.functional.resample(torch.from_numpy(mono), rate, SAMPLING_RATE).numpy()
    return mono
