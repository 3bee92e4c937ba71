"""Log-mel spectrograms as Whisper takes them: of a fixed window, or of the audio's true length."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from transformers import WhisperFeatureExtractor

from lib.data.features import FeatureExtractor, Features, Samples
from lib.utterance import SAMPLING_RATE

SHIFT = 160  # samples: a frame every 10 ms
# log10 of the least power that Whisper tells from none; spectra are (log10 + 4) / 4
SILENCE = (-10.0 + 4.0) / 4.0


class LogMelExtractor(FeatureExtractor):
    """Hugging Face's `WhisperFeatureExtractor` on files, one row of mels for each 10 ms.

    Args:
        mels: 80, or 128 for whisper-large-v3.
        window_seconds: the longest audio that the encoder takes; the rest is cut and counted.
        pad_to_window: to the whole window with silence, as published; else the true length.
    """

    frames_per_second = SAMPLING_RATE / SHIFT

    def __init__(
        self,
        mels: int = 80,
        max_seconds: float = 30.0,
        *,
        window_seconds: float = 30.0,
        pad_to_window: bool = True,
        cache_bytes: int = 1_000_000_000,
        cache_dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(min(max_seconds, window_seconds), cache_bytes, cache_dtype)
        self.mels = mels
        # the class takes whole seconds; the window is padded here
        self._extract = WhisperFeatureExtractor(feature_size=mels)
        self._samples = round(window_seconds * SAMPLING_RATE) if pad_to_window else 0

    def compute(self, samples: Samples) -> Features:
        padded = np.pad(samples, (0, max(0, self._samples - len(samples))))
        found = self._extract(
            padded,
            sampling_rate=SAMPLING_RATE,
            padding="longest",  # of one: nothing is added
            truncation=False,
            return_tensors="pt",
        )
        return found.input_features[0].T.contiguous()

    def silence(self, features: Tensor) -> Tensor:
        return torch.full_like(features, SILENCE)
