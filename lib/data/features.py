"""Filter banks as SeamlessM4T and w2v-BERT hear them: log-mel frames, normalised per utterance, stacked."""

from __future__ import annotations

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
from lib.corpora.voices import SAMPLING_RATE

MELS = 80
WINDOW, SHIFT, POINTS = 400, 160, 512  # samples: 25 ms every 10 ms, and the Fourier transform's length
SHORTEST = 0.1  # seconds; less gives too few frames to normalise

# "_": clips of one batch have unlike lengths
Samples = Float[np.ndarray, "_"]
Features = Float[Tensor, "_ mels"]  # frames of stacked mels
Change = Callable[[Samples], Samples]


def fbank(samples: Samples, stack: int = 2, device: torch.device | str = "cpu") -> Features:
    """Kaldi filter banks of one utterance, equal to Hugging Face's `SeamlessM4TFeatureExtractor`.

    As SeamlessM4T's own: 25 ms windows every 10 ms on 16-bit-scaled samples, pre-emphasis 0.97, povey window, 80 mels, log, each
    mel normalised over its utterance to mean 0 and variance 1, then `stack` frames side by side; a remainder of fewer
    than `stack` frames is left out.

    Args:
        samples: at 16 kHz, at least one window (25 ms).
        stack: frames joined into one; 2 is the published models' 20 ms, 4 gives 40 ms.
        device: where the work is done and the result stays.

    Returns:
        Frames of 80 * `stack` numbers.
    """
    # fp32 would drown the mels that hold next to nothing in the rounding of the others
    wave = torch.from_numpy(np.ascontiguousarray(samples)).to(device, torch.float64) * 2**15
    window, mels = _constants(wave.device)
    # removing a window's mean before pre-emphasis takes 0.03 of it away after; the first sample is weighted by zero
    emphasised = torch.cat([wave[:1], torch.sub(wave[1:], wave[:-1], alpha=0.97)]).unfold(0, WINDOW, SHIFT)
    padded = wave.new_zeros(len(emphasised), POINTS)
    torch.mul(emphasised, window, out=padded[:, :WINDOW])
    padded[:, :WINDOW].addcmul_(wave.unfold(0, WINDOW, SHIFT).mean(1, keepdim=True), window, value=-0.03)
    parts = torch.view_as_real(torch.fft.rfft(padded)).flatten(1)  # real and imaginary parts side by side
    frames = torch.mm(parts.square_().float(), mels).clamp_(min=torch.finfo(torch.float32).eps).log_()
    frames -= frames.mean(0)
    frames *= (frames.square().sum(0) / (len(frames) - 1) + 1e-7).rsqrt()
    whole = len(frames) // stack * stack
    return frames[:whole].reshape(-1, MELS * stack)


def fbank_batch(clips: Sequence[Samples], stack: int = 2, device: torch.device | str = "cpu") -> list[Features]:
    """The filter banks of many utterances, each bit for bit what it is alone; see `fbank`."""
    return [fbank(clip, stack, device) for clip in clips]


@cache
def _constants(device: torch.device) -> tuple[Float[Tensor, "window"], Float[Tensor, "parts mels"]]:
    window = torch.hann_window(WINDOW, periodic=False, dtype=torch.float64).pow(0.85)  # kaldi's povey window
    banks, _ = kaldi.get_mel_banks(MELS, POINTS, float(SAMPLING_RATE), 20.0, 0.0, 100.0, -500.0, 1.0)
    banks = torch.nn.functional.pad(banks, (0, 1)).T
    # a row for the real and for the imaginary part of each bin
    return window.to(device), banks.repeat_interleave(2, 0).contiguous().to(device)


class FbankExtractor:
    """Files to filter banks, remembering the last ones heard so that an epoch does not compute them again.

    Args:
        stack: see `fbank_batch`.
        longest: seconds; longer audio is cut there, and counted in `cut` (GMU: 30 s in training, 45 s in inference).
        remember: bytes of features kept (16-bit floats).
    """

    def __init__(self, stack: int = 2, longest: float = 30.0, remember: int = 1_000_000_000) -> None:
        self.stack, self.longest, self.remember = stack, longest, remember
        self.cut: set[str] = set()  # files that were cut
        self._memory: OrderedDict[str, Tensor] = OrderedDict()
        self._bytes = 0

    def hear(self, paths: Sequence[Path], changes: Sequence[Change] | None = None) -> list[Features | BadAudio]:
        """The features of each file, or the error that says why it cannot be heard.

        Args:
            changes: done to the samples of each file before they are heard; what is heard so is not remembered.
        """
        found: dict[int, Tensor | BadAudio] = {}
        new: list[tuple[int, Samples]] = []
        for index, path in enumerate(paths):
            if changes is None and str(path) in self._memory:
                self._memory.move_to_end(str(path))
                found[index] = self._memory[str(path)].float()
                continue
            try:
                samples = self.trim(read_audio(path), str(path))
                new.append((index, changes[index](samples) if changes else samples))
            except BadAudio as error:
                found[index] = error
        if new:
            heard = fbank_batch([samples for _, samples in new], self.stack)
            for (index, _), features in zip(new, heard, strict=True):
                # both hearings of a file are rounded alike, so that the second is bit for bit the first
                half = features.half()
                found[index] = half.float()
                if changes is None:
                    self._keep(str(paths[index]), half)
        return [found[index] for index in range(len(paths))]

    def trim(self, samples: Samples, name: str) -> Samples:
        """Samples that are long enough to hear, cut at `longest`; `name` stands in the count of cuts and in errors.

        Raises:
            BadAudio: shorter than 0.1 s.
        """
        if len(samples) < SHORTEST * SAMPLING_RATE:
            raise BadAudio(f"{name}: {len(samples) / SAMPLING_RATE:.3f} s is too short to hear; leave its row out")
        most = int(self.longest * SAMPLING_RATE)
        if len(samples) > most:
            self.cut.add(name)
        return samples[:most]

    def _keep(self, key: str, features: Tensor) -> None:
        if key in self._memory:  # the same file stood twice in a batch
            return
        self._memory[key] = features
        self._bytes += features.numel() * 2
        while self._bytes > self.remember:
            self._bytes -= self._memory.popitem(last=False)[1].numel() * 2
