"""Log-mel spectrograms: Hugging Face's in a window, and what the true length leaves out."""

import numpy as np
import pytest
import torch
from transformers import WhisperFeatureExtractor

from lib.corpora.audio import read_audio
from lib.data.log_mel import SILENCE, LogMelExtractor

EDGE = 2  # frames at the end of a clip whose window reaches over it
RANGE = 2.0  # from the loudest number of a clip down to its floor: 8 in log10, a quarter of it


@pytest.fixture(scope="module")
def paths(corpus):
    return [utterance.audio for utterance in corpus.utterances[:3]]


@pytest.fixture
def noise():
    return np.random.default_rng(0).standard_normal(40_123).astype(np.float32) * 0.1


def hugging_faces(samples, mels):
    extractor = WhisperFeatureExtractor(feature_size=mels)
    return extractor(samples, sampling_rate=16000, return_tensors="pt").input_features[0].T


@pytest.mark.parametrize("mels", [80, 128])
def test_a_window_is_hugging_faces(paths, mels):
    (found,) = LogMelExtractor(mels).extract(paths[:1])
    assert found.shape == (3000, mels)
    assert torch.equal(found, hugging_faces(read_audio(paths[0]), mels))


@pytest.mark.parametrize("samples", [1600, 1759, 1760, 16_000, 40_123])
def test_the_true_length_has_a_frame_every_ten_milliseconds(noise, samples):
    found = LogMelExtractor(pad_to_window=False).compute(noise[:samples])
    assert found.shape == (samples // 160, 80)


@pytest.mark.parametrize("mels", [80, 128])
def test_the_true_length_is_the_windows_beginning(paths, mels):
    window, own = (
        LogMelExtractor(mels, pad_to_window=padded).extract(paths[:1])[0]
        for padded in (True, False)
    )
    inside = len(own) - EDGE
    assert torch.allclose(own[:inside], window[:inside], atol=1e-5)


def test_frames_per_second(noise):
    frames = len(LogMelExtractor(pad_to_window=False).compute(noise[:32_000]))
    assert frames / 2.0 == LogMelExtractor.frames_per_second


def test_a_shorter_window_is_padded_to_its_own_length(noise):
    found = LogMelExtractor(window_seconds=4.0).compute(noise)
    assert found.shape == (400, 80)
    assert torch.equal(found, hugging_faces(noise, 80)[:400])


@pytest.mark.parametrize("pad_to_window", [True, False])
def test_longer_audio_is_cut_at_the_window_and_counted(paths, pad_to_window):
    """However long audio may be elsewhere, the encoder has no positions after its window."""
    extractor = LogMelExtractor(max_seconds=45.0, window_seconds=0.5, pad_to_window=pad_to_window)
    (found,) = extractor.extract(paths[:1])
    assert len(found) == 50
    assert extractor.truncated == {str(paths[0])}


def test_a_lower_limit_than_the_window_is_kept(paths):
    extractor = LogMelExtractor(max_seconds=0.3, pad_to_window=False)
    (found,) = extractor.extract(paths[:1])
    assert len(found) == 30
    assert extractor.truncated == {str(paths[0])}


def test_audio_of_the_window_is_not_counted(noise):
    extractor = LogMelExtractor(window_seconds=2.0)
    assert len(extractor.trim(noise[:32_000], "fits")) == 32_000
    assert not extractor.truncated


def test_silence_is_a_clip_of_zeros(paths):
    extractor = LogMelExtractor(pad_to_window=False)
    (features,) = extractor.extract(paths[:1])
    wanted = extractor.compute(np.zeros(160 * len(features), np.float32))
    assert torch.equal(extractor.silence(features), wanted)


def test_silence_beside_sound_is_as_far_below_the_loudest_as_whisper_hears(noise):
    """So the padding of a window is not `SILENCE`, which is the lowest that there is."""
    window = LogMelExtractor().compute(noise)
    padding = window[len(noise) // 160 + EDGE :]
    assert padding.unique().tolist() == pytest.approx([float(window.max()) - RANGE], abs=1e-6)
    assert float(padding.min()) > SILENCE


def test_cached_features_are_the_same(paths):
    extractor = LogMelExtractor()
    first, second = (extractor.extract(paths[:1])[0] for _ in range(2))
    assert torch.equal(first, second)
