"""Feature extraction: audio to log-mel filter banks, as SeamlessM4T and w2v-BERT take them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torchaudio.compliance import kaldi

from lib.corpora.audio import BadAudio, read_audio
from lib.utterance import SAMPLING_RATE

MELS = 80
# samples: 25 ms windows every 10 ms, and the length of the Fourier transform
WINDOW, SHIFT, FFT_LENGTH = 400, 160, 512
MIN_SECONDS = 0.1  # shorter clips have too few frames to normalise

# "_": clips of one batch have unequal lengths
Samples = Float[np.ndarray, "_"]
Features = Float[Tensor, "_ width"]
Transform = Callable[[Samples], Samples]


class FeatureExtractor(ABC):
    """Audio files to features, with a cache so that an epoch does not compute them again.

    Args:
        max_seconds: longer audio is cut there and counted in `truncated` (GMU: 30 s in training,
            45 s in inference).
        cache_bytes: of features kept in memory.
        cache_dtype: float16 halves the cache and changes features by up to 2**-11 of their value.
    """

    mels: int  # mel bands of one frame
    frames_per_second: float  # before frames are stacked

    def __init__(
        self,
        max_seconds: float = 30.0,
        cache_bytes: int = 1_000_000_000,
        cache_dtype: torch.dtype = torch.float32,
    ) -> None:
        self.max_seconds, self.cache_bytes = max_seconds, cache_bytes
        self.cache_dtype = cache_dtype
        self.truncated: set[str] = set()  # paths of clips that were cut
        self._cache: OrderedDict[str, Tensor] = OrderedDict()
        self._cached_bytes = 0

    @abstractmethod
    def compute(self, samples: Samples) -> Features:
        """Features of one utterance at 16 kHz."""

    @abstractmethod
    def silence(self, features: Tensor) -> Tensor:
        """Features of silence, in the shape of `features`: input for the silence baseline."""

    def extract(
        self, paths: Sequence[Path], transforms: Sequence[Transform] | None = None
    ) -> list[Features | BadAudio]:
        """The features of each file, or the error that says why it is unusable.

        Args:
            transforms: applied to the samples of each file; transformed features are not cached.
        """
        results = []
        for index, path in enumerate(paths):
            key = str(path)
            if transforms is None and key in self._cache:
                self._cache.move_to_end(key)
                results.append(self._cache[key].float())
                continue
            try:
                samples = self.trim(read_audio(path), key)
            except BadAudio as error:
                results.append(error)
                continue
            if transforms is not None:
                samples = transforms[index](samples)
            # rounded before the first use too, so that every epoch sees the same numbers
            features = self.compute(samples).to(self.cache_dtype)
            if transforms is None:
                self._store(key, features)
            results.append(features.float())
        return results

    def trim(self, samples: Samples, name: str) -> Samples:
        """Samples cut to `max_seconds`; `name` is counted and stands in errors.

        Raises:
            BadAudio: shorter than 0.1 s.
        """
        if len(samples) < MIN_SECONDS * SAMPLING_RATE:
            seconds = len(samples) / SAMPLING_RATE
            raise BadAudio(f"{name}: {seconds:.3f} s is too short for features; remove its line")
        max_samples = int(self.max_seconds * SAMPLING_RATE)
        if len(samples) > max_samples:
            self.truncated.add(name)
        return samples[:max_samples]

    def _store(self, key: str, features: Tensor) -> None:
        if key in self._cache:  # the same file twice in a batch
            return
        self._cache[key] = features
        self._cached_bytes += features.nbytes
        while self._cached_bytes > self.cache_bytes:
            self._cached_bytes -= self._cache.popitem(last=False)[1].nbytes


class FbankExtractor(FeatureExtractor):
    """Kaldi filter banks, normalised per utterance and stacked; see `fbank`.

    Args:
        stack: frames joined into one; 2 is the published models' 20 ms, 4 gives 40 ms.
    """

    mels = MELS
    frames_per_second = SAMPLING_RATE / SHIFT

    def __init__(
        self,
        stack: int = 2,
        max_seconds: float = 30.0,
        cache_bytes: int = 1_000_000_000,
        cache_dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(max_seconds, cache_bytes, cache_dtype)
        self.stack = stack

    def compute(self, samples: Samples) -> Features:
        return fbank(samples, self.stack)

    def silence(self, features: Tensor) -> Tensor:
        return torch.zeros_like(features)  # normalised features have mean 0


def fbank(samples: Samples, stack: int = 2, device: torch.device | str = "cpu") -> Features:
    """Kaldi filter banks of one utterance, equal to Hugging Face's `SeamlessM4TFeatureExtractor`.

    25 ms windows every 10 ms on 16-bit-scaled samples, pre-emphasis 0.97, povey window, 80 mels,
    log, each mel normalised over its utterance to mean 0 and variance 1, then `stack` frames side
    by side; a remainder of fewer than `stack` frames is left out.

    Args:
        samples: at 16 kHz, at least one window (25 ms).
        stack: frames joined into one.
        device: for the computation and the result.

    Returns:
        Frames of 80 * `stack` numbers.
    """
    # in fp32, rounding errors of loud mels would swamp nearly empty ones
    wave = torch.from_numpy(np.ascontiguousarray(samples)).to(device, torch.float64) * 2**15
    window, mels = _constants(wave.device)
    # DC removal before pre-emphasis subtracts 0.03 of a window's mean after it; the first sample
    # has weight zero
    emphasised = torch.cat([wave[:1], torch.sub(wave[1:], wave[:-1], alpha=0.97)])
    emphasised = emphasised.unfold(0, WINDOW, SHIFT)
    padded = wave.new_zeros(len(emphasised), FFT_LENGTH)
    torch.mul(emphasised, window, out=padded[:, :WINDOW])
    means = wave.unfold(0, WINDOW, SHIFT).mean(1, keepdim=True)
    padded[:, :WINDOW].addcmul_(means, window, value=-0.03)
    # real and imaginary parts side by side
    spectrum = torch.view_as_real(torch.fft.rfft(padded)).flatten(1)
    frames = torch.mm(spectrum.square_().float(), mels)
    frames = frames.clamp_(min=torch.finfo(torch.float32).eps).log_()
    frames -= frames.mean(0)
    frames *= (frames.square().sum(0) / (len(frames) - 1) + 1e-7).rsqrt()
    stackable = len(frames) // stack * stack
    return frames[:stackable].reshape(-1, MELS * stack)


@cache
def _constants(device: torch.device) -> tuple[Float[Tensor, "window"], Float[Tensor, "parts mels"]]:
    """Kaldi's povey window, and mel filters with a row for both parts of each frequency bin."""
    window = torch.hann_window(WINDOW, periodic=False, dtype=torch.float64).pow(0.85)
    rate = float(SAMPLING_RATE)
    banks, _ = kaldi.get_mel_banks(MELS, FFT_LENGTH, rate, 20.0, 0.0, 100.0, -500.0, 1.0)
    banks = torch.nn.functional.pad(banks, (0, 1)).T
    return window.to(device), banks.repeat_interleave(2, 0).contiguous().to(device)
