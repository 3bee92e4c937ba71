"""Filter banks as SeamlessM4T and w2v-BERT hear them: log-mel frames, normalised per utterance, stacked."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torchaudio.compliance import kaldi

from lib.corpora.audio import BadAudio, read_audio
from lib.corpora.voices import SAMPLING_RATE

MELS = 80
SHORTEST = 0.1  # seconds; less gives too few frames to normalise


def fbank(samples: Float[np.ndarray, "samples"], stack: int = 2) -> Float[Tensor, "frames mels"]:
    """Kaldi filter banks of one utterance (papers.md 1.3), equal to Hugging Face's `SeamlessM4TFeatureExtractor`.

    25 ms windows every 10 ms on 16-bit-scaled samples, 80 mels, each mel normalised over the utterance to mean 0 and
    variance 1, then `stack` frames side by side; a remainder of fewer than `stack` frames is left out.

    Args:
        stack: frames joined into one; 2 is the published models' 20 ms, 4 gives 40 ms.

    Returns:
        Frames of 80 * `stack` numbers.
    """
    waveform = torch.from_numpy(np.ascontiguousarray(samples)).unsqueeze(0) * 2**15
    frames = kaldi.fbank(waveform, num_mel_bins=MELS, sample_frequency=float(SAMPLING_RATE), window_type="povey")
    frames = (frames - frames.mean(0)) / (frames.var(0, unbiased=True) + 1e-7).sqrt()
    whole = frames.shape[0] // stack * stack
    return frames[:whole].reshape(-1, MELS * stack)


class Ears:
    """Files to filter banks, remembering the last ones heard so that an epoch does not compute them again.

    Args:
        stack: see `fbank`.
        longest: seconds; longer audio is cut there, and counted in `cut` (GMU: 30 s in training, 45 s in inference).
        remember: bytes of features kept (16-bit floats).
    """

    def __init__(self, stack: int = 2, longest: float = 30.0, remember: int = 1_000_000_000) -> None:
        self.stack, self.longest, self.remember = stack, longest, remember
        self.cut: set[str] = set()  # files that were cut
        self._memory: OrderedDict[str, Tensor] = OrderedDict()
        self._bytes = 0

    def hear(self, path: Path) -> Float[Tensor, "frames mels"]:
        """The features of a file.

        Raises:
            BadAudio: where the file cannot be heard or is shorter than 0.1 s.
        """
        key = str(path)
        if key not in self._memory:
            features = self.listen(read_audio(path), key).half()
            self._memory[key] = features
            self._bytes += features.numel() * 2
            while self._bytes > self.remember:
                self._bytes -= self._memory.popitem(last=False)[1].numel() * 2
            return features.float()
        self._memory.move_to_end(key)
        return self._memory[key].float()

    def listen(self, samples: Float[np.ndarray, "samples"], name: str) -> Float[Tensor, "frames mels"]:
        """The features of samples; `name` stands in the count of cuts and in errors."""
        if len(samples) < SHORTEST * SAMPLING_RATE:
            raise BadAudio(f"{name}: {len(samples) / SAMPLING_RATE:.3f} s is too short to hear; leave its row out")
        most = int(self.longest * SAMPLING_RATE)
        if len(samples) > most:
            self.cut.add(name)
        return fbank(samples[:most], self.stack)
