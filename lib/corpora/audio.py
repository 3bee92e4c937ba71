"""Audio files to samples: mono, 16 kHz, or an error that names the file and the remedy."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import soundfile
import torch
from jaxtyping import Float

from lib.corpora.voices import SAMPLING_RATE


class BadAudio(ValueError):
    """A file that cannot be heard; the message names it, says why, and what to do."""


def whole_and_part(path: Path | str) -> tuple[Path, float, float | None]:
    """The file that an address means, and from when to when, in seconds (None: to its end); see `Utterance.sound`."""
    found = re.fullmatch(r"(.+)#t=([0-9.]+),([0-9.]+)", str(path))
    return (Path(found[1]), float(found[2]), float(found[3])) if found else (Path(path), 0.0, None)


def read_audio(path: Path | str, longest: float | None = None) -> Float[np.ndarray, "samples"]:
    """The file, or the part of it that `path` means, as float32 samples in [-1, 1] at 16 kHz.

    Channels are averaged, other rates are resampled.

    Args:
        longest: seconds of it that are read; None: all.

    Raises:
        BadAudio: missing, not audio, empty, or not finite.
    """
    file, start, end = whole_and_part(path)
    if longest is not None:
        end = start + longest if end is None else min(end, start + longest)
    try:
        with soundfile.SoundFile(file) as sound:
            rate = sound.samplerate
            sound.seek(min(round(start * rate), sound.frames))
            count = -1 if end is None else max(0, round(end * rate) - round(start * rate))
            samples = sound.read(count, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        why = "there is no such file" if not file.exists() else f"it is not readable as audio ({error})"
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
