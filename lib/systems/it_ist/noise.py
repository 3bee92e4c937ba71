"""Clips of noise alone with an empty target, so that a model learns to say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from lib.files import atomic_path
from lib.tasks import Example
from lib.utterance import SAMPLING_RATE

FILES = 50  # different clips; each is used as often as another
SECONDS = (1.0, 4.0)  # shortest and longest
LEVEL = 0.05  # RMS of full scale, as quiet speech


def noise_examples(examples: Sequence[Example], share: float, folder: Path) -> list[Example]:
    """A share of the examples once more, with noise for audio and nothing for a target.

    Args:
        share: of the examples; 0: none.
        folder: of the clips, which are written where they are missing.
    """
    if not share:
        return []
    clips = [_clip(folder / f"{number:03d}.flac", number) for number in range(FILES)]
    made = []
    chosen = [e for n, e in enumerate(examples) if int((n + 1) * share) > int(n * share)]
    for number, example in enumerate(chosen):
        path, seconds = clips[number % FILES]
        id = f"{example.id}-noise"
        made.append(replace(example, id=id, audio=path, seconds=seconds, target_text=""))
    return made


def _clip(path: Path, seed: int) -> tuple[Path, float]:
    """White noise for even numbers; for odd ones noise with as much power in each octave."""
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal(int(rng.uniform(*SECONDS) * SAMPLING_RATE))
    if not path.exists():
        if seed % 2:
            spectrum = np.fft.rfft(samples)
            spectrum /= np.sqrt(np.arange(1, len(spectrum) + 1))
            samples = np.fft.irfft(spectrum, len(samples))
        samples *= LEVEL / np.sqrt(np.mean(samples**2))
        with atomic_path(path) as temporary:
            soundfile.write(temporary, samples, SAMPLING_RATE, format="FLAC")
    return path, len(samples) / SAMPLING_RATE
