"""Augmentation of training audio: speed, reverberation and noise on samples, masks on features."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from jaxtyping import Float
from scipy.fft import next_fast_len
from torch import Tensor
from torchaudio import functional

from lib.data.features import MELS
from lib.utterance import SAMPLING_RATE

FRAMES_PER_SECOND = 100  # of filter banks, before stacking
NOISE_SLOPES = (0.0, 2.0)  # noise power falls as 1 / frequency ** slope: 0 white, 1 pink, 2 brown
NOISE_FLAT_BELOW_HZ = 50.0  # else noise of a steep slope is a rumble below what microphones record
# dB of energy, drawn uniformly: a talker at 1 to 0.3 m in a small room
DIRECT_TO_REVERBERANT_DB = (0.0, 10.0)


def utterance_rng(seed: int, epoch: int, id: str) -> np.random.Generator:
    """The random generator of one utterance in one epoch.

    It depends on nothing else, so that augmentation does not change with resuming, with the other
    utterances of a batch, or with the number of processes.
    """
    # Python's own hash() of text differs from process to process
    digest = hashlib.sha256(f"{seed}/{epoch}/{id}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


@dataclass(frozen=True, kw_only=True)
class Augment:
    """Random changes to training audio. The defaults change nothing.

    Raises:
        ValueError: a field is out of bounds; names it and its value.
    """

    speeds: tuple[float, ...] = ()  # one is drawn per utterance; 0.9, 1.0, 1.1 in Ko et al. 2015
    noise_probability: float = 0.0
    noise_snr_db: tuple[float, float] = (5.0, 20.0)  # drawn uniformly
    reverberation_probability: float = 0.0
    rt60_seconds: tuple[float, float] = (0.1, 0.5)  # reverberation time, drawn uniformly
    time_masks: int = 0  # SpecAugment (Park et al. 2019)
    max_time_mask_seconds: float = 0.3
    max_time_mask_share: float = 0.2  # of an utterance, in one mask
    mel_masks: int = 0
    max_mel_mask: int = 15  # mels in one mask

    def __post_init__(self) -> None:
        for name in ("noise_probability", "reverberation_probability", "max_time_mask_share"):
            self._check(name, 0 <= getattr(self, name) <= 1, "between 0 and 1")
        for name in ("time_masks", "max_time_mask_seconds", "mel_masks", "max_mel_mask"):
            self._check(name, 0 <= getattr(self, name) < np.inf, "0 or more")
        self._check("speeds", all(0.5 <= s <= 2 for s in self.speeds), "between 0.5 and 2 each")
        low, high = self.noise_snr_db
        self._check("noise_snr_db", -np.inf < low <= high < np.inf, "(low, high) in dB")
        low, high = self.rt60_seconds
        self._check("rt60_seconds", 0 < low <= high < np.inf, "(low, high), both above 0")

    def _check(self, name: str, valid: bool, bounds: str) -> None:
        if not valid:
            raise ValueError(f"{name} is {getattr(self, name)}; it must be {bounds}")

    @property
    def changes_sound(self) -> bool:
        """Whether `sound` may change samples, so that features cannot be cached."""
        return (
            any(speed != 1 for speed in self.speeds)
            or self.noise_probability > 0
            or self.reverberation_probability > 0
        )

    @property
    def changes_features(self) -> bool:
        """Whether `mask` may change features."""
        return self.time_masks > 0 or self.mel_masks > 0

    def sound(
        self, samples: Float[np.ndarray, "samples"], rng: np.random.Generator
    ) -> Float[np.ndarray, "augmented"]:
        """16 kHz mono samples at another speed, then reverberated, then with noise.

        Nothing is clipped: where the result exceeds [-1, 1], it is scaled to a peak of 1.

        Returns:
            New samples; 1 / speed times as many.
        """
        augmented = torch.from_numpy(np.ascontiguousarray(samples))
        if self.speeds:
            augmented = change_speed(augmented, float(rng.choice(self.speeds)))
        if rng.random() < self.reverberation_probability:
            augmented = add_reverberation(augmented, rng.uniform(*self.rt60_seconds), rng)
        if rng.random() < self.noise_probability:
            augmented = add_noise(augmented, rng.uniform(*self.noise_snr_db), rng)
        return augmented.numpy() / np.abs(augmented.numpy()).max(initial=1.0)

    def mask(
        self, features: Float[Tensor, "frames width"], rng: np.random.Generator, mels: int = MELS
    ) -> Float[Tensor, "frames width"]:
        """A copy of normalised features with spans of time and of mels set to 0, their mean.

        A mask's length is drawn uniformly from 0 to the maximum, then its position; masks may
        overlap. A mel mask covers the same mels in each of the stacked frames.

        Args:
            mels: of one frame, before stacking.

        Raises:
            ValueError: the width is not a multiple of `mels`.
        """
        frames, width = features.shape
        if width % mels:
            raise ValueError(f"features are {width} wide; stacked frames of {mels} mels are needed")
        stack = width // mels
        # torchaudio's masks draw from torch's global generator, so they would depend on the batch
        masked = features.reshape(frames, stack, mels).clone()
        max_frames = round(self.max_time_mask_seconds * FRAMES_PER_SECOND) // stack
        max_frames = min(max_frames, int(self.max_time_mask_share * frames))
        for _ in range(self.time_masks):
            masked[_random_span(frames, max_frames, rng)] = 0
        for _ in range(self.mel_masks):
            masked[:, :, _random_span(mels, min(self.max_mel_mask, mels), rng)] = 0
        return masked.reshape(frames, width)


def _random_span(total: int, max_length: int, rng: np.random.Generator) -> slice:
    length = int(rng.integers(max_length, endpoint=True))
    start = int(rng.integers(total - length, endpoint=True))
    return slice(start, start + length)


def change_speed(
    samples: Float[Tensor, "samples"], speed: float
) -> Float[Tensor, "resampled"]:
    """Samples played `speed` times as fast, pitch included (Ko et al. 2015).

    The speed is rounded to hundredths: resampling costs more the larger the terms of its ratio.
    """
    ratio = Fraction(speed).limit_denominator(100)
    return functional.resample(samples, ratio.numerator, ratio.denominator)


def add_reverberation(
    samples: Float[Tensor, "samples"], rt60_seconds: float, rng: np.random.Generator
) -> Float[Tensor, "samples"]:
    """Samples with a synthetic room response: the direct sound, then exponentially decaying noise.

    The direct sound keeps its time and level; the result is cut to the input's length. Early
    reflections of a real room are not modelled.
    """
    count = max(1, round(rt60_seconds * SAMPLING_RATE))
    decay = 10 ** (-3 * np.arange(1, count + 1) / (rt60_seconds * SAMPLING_RATE))
    tail = rng.standard_normal(count) * decay
    tail *= 10 ** (-rng.uniform(*DIRECT_TO_REVERBERANT_DB) / 20) / np.linalg.norm(tail)
    # zeros after the tail make the length of the Fourier transform a fast one
    response = np.zeros(1 + _fast_length(len(samples) + count) - len(samples))
    response[0], response[1 : count + 1] = 1.0, tail
    response = torch.from_numpy(response).to(samples.dtype)
    return functional.fftconvolve(samples, response)[: len(samples)]


def _fast_length(length: int) -> int:
    # lengths with a large prime factor, or few factors of 2, take two to eight times as long
    return 16 * next_fast_len(-(-length // 16))


def add_noise(
    samples: Float[Tensor, "samples"], snr_db: float, rng: np.random.Generator
) -> Float[Tensor, "samples"]:
    """Samples with stationary noise of a random colour (`NOISE_SLOPES`).

    Args:
        snr_db: mean power of the whole utterance, pauses included, over that of the noise; an
            utterance of silence stays silent.
    """
    count = _fast_length(len(samples))
    hertz = np.fft.rfftfreq(count, 1 / SAMPLING_RATE)
    white = np.fft.rfft(rng.standard_normal(count))
    slope = rng.uniform(*NOISE_SLOPES)
    spectrum = white * np.maximum(hertz, NOISE_FLAT_BELOW_HZ) ** (-slope / 2)
    noise = torch.from_numpy(np.fft.irfft(spectrum, count)[: len(samples)]).to(samples.dtype)
    return functional.add_noise(samples, noise, torch.tensor(snr_db, dtype=samples.dtype))
