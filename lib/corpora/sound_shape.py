"""What sound is like over time and frequency: its fingerprint, bandwidth, and dead parts."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int16

from lib.utterance import SAMPLING_RATE

FRAME, HOP = 512, 256  # samples
SEGMENTS, BANDS = 17, 9  # of a fingerprint, which has (SEGMENTS - 1) x (BANDS - 1) = 128 bits
BAND_EDGES = np.geomspace(300, 3400, BANDS + 1)  # Hz: what telephones, too, let through
MIN_FRAMES = 2 * SEGMENTS  # half a second
MIN_MODULATION_DB = 3.0  # speech has 8 and more; bits of a steady sound would be chance
BELOW_4_KHZ, ABOVE_4_KHZ = (2600, 3400), (4300, 5000)  # Hz
STILL_SECONDS = 0.1  # the shortest run of equal samples that counts


def frame_powers(samples: Float[np.ndarray, "samples"]) -> Float[np.ndarray, "frames bins"]:
    """Power spectra of frames of 32 ms every 16 ms; a shorter recording is one frame."""
    padded = np.pad(samples, (0, max(0, FRAME - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    window = np.hanning(FRAME).astype(np.float32)
    return np.abs(np.fft.rfft(frames * window)).astype(np.float32) ** 2


def modulation_db(powers: Float[np.ndarray, "frames bins"]) -> float:
    """How much the level varies: its standard deviation over frames; noise has below 1 dB."""
    levels = powers[:, 2:].sum(1)  # without a DC offset
    return float(np.std(10 * np.log10(levels + 1e-6 * levels.max() + 1e-12)))


def fingerprint(powers: Float[np.ndarray, "frames bins"]) -> str:
    """32 hexadecimal digits that a copy has almost all in common; "" for short or steady sound.

    As in Haitsma and Kalker (ISMIR 2002), a bit says whether the energy of a band, compared with
    the next band, rises from one moment to the next; moments are equal parts of the recording.
    """
    if len(powers) < MIN_FRAMES or modulation_db(powers) < MIN_MODULATION_DB:
        return ""
    bins = np.round(BAND_EDGES * FRAME / SAMPLING_RATE).astype(int)
    bands = np.add.reduceat(powers, bins, axis=1)[:, :-1]
    starts = np.linspace(0, len(powers), SEGMENTS, endpoint=False).astype(int)
    energies = np.log(np.add.reduceat(bands, starts, axis=0) + 1e-9)
    bits = np.diff(np.diff(energies, axis=1), axis=0) > 0
    return np.packbits(bits).tobytes().hex()


def drop_at_4_khz_db(powers: Float[np.ndarray, "frames bins"]) -> float:
    """How far the mean power falls from below to above 4 kHz, as it does in 8 kHz recordings."""
    spectrum = powers.mean(0, dtype=np.float64)
    hertz = np.arange(len(spectrum)) * SAMPLING_RATE / FRAME
    below, above = (
        spectrum[(hertz >= low) & (hertz <= high)].mean() + 1e-12
        for low, high in (BELOW_4_KHZ, ABOVE_4_KHZ)
    )
    return float(10 * np.log10(below / above))


def flat_share(samples: Float[np.ndarray, "samples"]) -> float:
    """The share of samples on plateaus at the peaks: clipped, at whatever level it is now."""
    high, low = float(samples.max()), float(samples.min())
    steady = np.abs(np.diff(samples)) <= 1e-4 * max(high, -low)
    inner = samples[1:-1]
    peaks = ((inner >= 0.98 * high) & (high > 0)) | ((inner <= 0.98 * low) & (low < 0))
    return float(np.sum(peaks & steady[:-1] & steady[1:]) / len(samples))


def still_share(pcm: Int16[np.ndarray, "samples"]) -> float:
    """The share of samples in runs of equal values, such as digital silence."""
    edges = np.flatnonzero(np.r_[True, np.diff(pcm) != 0, True])
    runs = np.diff(edges)
    return float(runs[runs >= STILL_SECONDS * SAMPLING_RATE].sum() / len(pcm))
