"""Sound with the traits of speech that curation measures, without a synthesizer."""

from __future__ import annotations

import numpy as np

RATE = 16000  # Hz


def speech(seconds: float, pitch: float, seed: int) -> np.ndarray:
    """Syllables of random vowels with pauses between them, at 16 kHz."""
    rng = np.random.default_rng(seed)
    wave = 0.0003 * rng.standard_normal(int(seconds * RATE))
    at = int(0.05 * RATE)
    while at < len(wave):
        pulses = np.zeros(int(rng.uniform(0.12, 0.25) * RATE))
        pulses[:: int(RATE / (pitch * rng.normal(1, 0.03)))] = 1
        hertz = np.fft.rfftfreq(len(pulses), 1 / RATE)[:, None]
        formants = rng.uniform([300, 900, 2200, 3800], [800, 2000, 3600, 6500])
        gains = (1 / (1 + ((hertz - formants) / 150) ** 2)).sum(1) + 0.01
        vowel = np.fft.irfft(np.fft.rfft(pulses) * gains, len(pulses)) * np.hanning(len(pulses))
        part = wave[at : at + len(vowel)]
        part += 0.3 * (vowel / np.abs(vowel).max())[: len(part)]
        at += len(vowel) + int(rng.uniform(0.02, 0.1) * RATE)
    return wave
