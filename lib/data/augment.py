"""Augmentation of training audio: speed, reverberation and noise on samples, masks on features, all by repeatable chance."""

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

from lib.corpora.voices import SAMPLING_RATE
from lib.data.features import MELS

FRAMES_PER_SECOND = 100  # of filter banks, before they are stacked
SLOPES = (0.0, 2.0)  # noise power falls as 1 / frequency ** slope: 0 is white, 1 pink, 2 brown
FLAT_BELOW = 50.0  # Hz; noise is flat below it, or that of a steep slope would be a rumble that no microphone picks up
DIRECT_TO_REVERBERANT = (0.0, 10.0)  # dB of energy, drawn uniformly: a talker 1 to 0.3 m away in a small room


def utterance_rng(seed: int, epoch: int, id: str) -> np.random.Generator:
    """The chance of one utterance in one epoch: it depends on nothing else, so a resumed run, another batch and another
    number of processes hear the same.
    """
    # Python's own hash() of text differs from process to process
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{seed}/{epoch}/{id}".encode()).digest(), "big"))


@dataclass(frozen=True)
class Augment:
    """What is done to training audio by chance, and to no other audio. As it stands it does nothing.

    Raises:
        ValueError: for a field outside its bounds, with its name and value.
    """

    speeds: tuple[float, ...] = ()  # one is drawn for an utterance; 0.9, 1.0, 1.1 is Ko et al. 2015
    noise: float = 0.0  # probability that noise is added
    noise_snr: tuple[float, float] = (5.0, 20.0)  # dB, drawn uniformly
    reverberation: float = 0.0  # probability
    reverberation_rt60: tuple[float, float] = (0.1, 0.5)  # seconds to fall by 60 dB, drawn uniformly
    time_masks: int = 0  # SpecAugment (Park et al. 2019)
    time_mask: float = 0.3  # longest, seconds
    time_share: float = 0.2  # at most this share of an utterance in one mask
    mel_masks: int = 0
    mel_mask: int = 15  # most mels of 80 in one mask

    def __post_init__(self) -> None:
        for name in ("noise", "reverberation", "time_share"):
            self._need(name, 0 <= getattr(self, name) <= 1, "between 0 and 1")
        for name in ("time_masks", "time_mask", "mel_masks"):
            self._need(name, 0 <= getattr(self, name) < np.inf, "0 or more")
        self._need("mel_mask", 0 <= self.mel_mask <= MELS, f"between 0 and {MELS}")
        self._need("speeds", all(0.5 <= speed <= 2 for speed in self.speeds), "between 0.5 and 2 each")
        self._need("noise_snr", -np.inf < self.noise_snr[0] <= self.noise_snr[1] < np.inf, "two numbers, the lower first")
        shortest, longest = self.reverberation_rt60
        self._need("reverberation_rt60", 0 < shortest <= longest < np.inf, "two numbers above 0, the lower first")

    def _need(self, name: str, fine: bool, bounds: str) -> None:
        if not fine:
            raise ValueError(f"{name} is {getattr(self, name)}; it must be {bounds}")

    @property
    def changes_sound(self) -> bool:
        """Whether `sound` may change samples, so that features must be computed afresh in each epoch."""
        return any(speed != 1 for speed in self.speeds) or self.noise > 0 or self.reverberation > 0

    @property
    def changes_features(self) -> bool:
        """Whether `mask` may change features."""
        return self.time_masks > 0 or self.mel_masks > 0

    def sound(self, samples: Float[np.ndarray, "samples"], rng: np.random.Generator) -> Float[np.ndarray, "heard"]:
        """16 kHz mono samples at another speed, then in a room, then in noise, as chance has it.

        Nothing is clipped: where the result would go beyond -1 or 1, all of it is made quieter until its peak is 1.

        Returns:
            New samples; 1 / speed times as many.
        """
        heard = torch.from_numpy(np.ascontiguousarray(samples))
        if self.speeds:
            heard = at_speed(heard, float(rng.choice(self.speeds)))
        if rng.random() < self.reverberation:
            heard = in_a_room(heard, rng.uniform(*self.reverberation_rt60), rng)
        if rng.random() < self.noise:
            heard = in_noise(heard, rng.uniform(*self.noise_snr), rng)
        return heard.numpy() / np.abs(heard.numpy()).max(initial=1.0)

    def mask(self, features: Float[Tensor, "frames width"], rng: np.random.Generator) -> Float[Tensor, "frames width"]:
        """A copy of `lib.data.features.fbank`'s normalised features with spans of time and of mels set to 0, their mean.

        A mask's length is drawn uniformly from 0 to the longest, in whole stacked rows or mels, then its place; masks may
        overlap. A mel mask covers the same mels in each of the stacked frames, from the utterance's start to its end.

        Raises:
            ValueError: where the width is not a multiple of 80.
        """
        frames, width = features.shape
        if width % MELS:
            raise ValueError(f"features are {width} wide; stacked frames of {MELS} mels are needed")
        # torchaudio's masks draw from torch's global generator, which would tie an utterance's masks to its neighbours
        masked = features.reshape(frames, width // MELS, MELS).clone()
        longest = min(round(self.time_mask * FRAMES_PER_SECOND) // (width // MELS), int(self.time_share * frames))
        for _ in range(self.time_masks):
            masked[_span(frames, longest, rng)] = 0
        for _ in range(self.mel_masks):
            masked[:, :, _span(MELS, self.mel_mask, rng)] = 0
        return masked.reshape(frames, width)


def _span(whole: int, longest: int, rng: np.random.Generator) -> slice:
    length = int(rng.integers(longest, endpoint=True))
    start = int(rng.integers(whole - length, endpoint=True))
    return slice(start, start + length)


def at_speed(samples: Float[Tensor, "samples"], speed: float) -> Float[Tensor, "faster"]:
    """Samples played `speed` times as fast, pitch and all (Ko et al. 2015); 1 / speed times as many.

    The speed is rounded to a fraction of at most hundredths, since resampling costs more the larger its terms.
    """
    ratio = Fraction(speed).limit_denominator(100)
    return functional.resample(samples, ratio.numerator, ratio.denominator)


def in_a_room(samples: Float[Tensor, "samples"], rt60: float, rng: np.random.Generator) -> Float[Tensor, "samples"]:
    """Samples with the echoes of a made-up room: noise that falls by 60 dB in `rt60` seconds, after the direct sound.

    The direct sound stays where and as loud as it was, and the result is cut to the input's length. A real room's first
    distinct echoes are not modelled.
    """
    count = max(1, round(rt60 * SAMPLING_RATE))
    tail = rng.standard_normal(count) * 10 ** (-3 * np.arange(1, count + 1) / (rt60 * SAMPLING_RATE))
    tail *= 10 ** (-rng.uniform(*DIRECT_TO_REVERBERANT) / 20) / np.linalg.norm(tail)
    room = np.zeros(1 + _quick(len(samples) + count) - len(samples))  # the tail, and zeros for the sake of speed
    room[0], room[1 : count + 1] = 1.0, tail
    return functional.fftconvolve(samples, torch.from_numpy(room).to(samples.dtype))[: len(samples)]


def _quick(length: int) -> int:
    # a Fourier transform of a length with a large prime factor, or with few factors of 2, takes two to eight times as long
    return 16 * next_fast_len(-(-length // 16))


def in_noise(samples: Float[Tensor, "samples"], snr: float, rng: np.random.Generator) -> Float[Tensor, "samples"]:
    """Samples with steady noise of a colour between white and brown (see `SLOPES`), drawn uniformly.

    Args:
        snr: dB, of the whole utterance's mean power, pauses among it, to the noise's; silence, without power, stays silent.
    """
    count = _quick(len(samples))
    hertz = np.fft.rfftfreq(count, 1 / SAMPLING_RATE)
    spectrum = np.fft.rfft(rng.standard_normal(count)) * np.maximum(hertz, FLAT_BELOW) ** (-rng.uniform(*SLOPES) / 2)
    noise = torch.from_numpy(np.fft.irfft(spectrum, count)[: len(samples)]).to(samples.dtype)
    return functional.add_noise(samples, noise, torch.tensor(snr, dtype=samples.dtype))
