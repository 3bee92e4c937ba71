"""Small audio files for trees in the published layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile


def tone(path: Path, seconds: float = 0.5, rate: int = 16000, channels: int = 1, pitch: float = 220.0) -> Path:
    """A tone at `path`, in the format that its name says (wav, flac, ogg, opus, mp3); folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = 0.3 * np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate)
    form = {".opus": {"format": "OGG", "subtype": "OPUS"}}.get(path.suffix, {})
    soundfile.write(path, np.stack([wave] * channels, axis=1), rate, **form)
    return path
