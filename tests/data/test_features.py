import numpy as np
import pytest
import torch
from transformers import SeamlessM4TFeatureExtractor

from lib.corpora.audio import BadAudio, read_audio
from lib.data.features import FbankExtractor, fbank

HALF_ROUNDING = 2**-11  # of float16, relative


@pytest.fixture(scope="module")
def paths(corpus):
    return [utterance.audio for utterance in corpus.utterances]


@pytest.fixture
def noise():
    return np.random.default_rng(0).standard_normal(32_000).astype(np.float32) * 0.1


@pytest.mark.parametrize("stack", [2, 4])
def test_equal_to_hugging_face(paths, stack):
    samples = read_audio(paths[0])
    extractor = SeamlessM4TFeatureExtractor(stride=stack)
    reference = extractor(samples, sampling_rate=16000, return_tensors="pt").input_features[0]
    features = fbank(samples, stack)
    assert features.shape[1] == 80 * stack
    # Hugging Face's pads a remainder, ours leaves it out
    assert len(features) == pytest.approx(len(reference), abs=1)
    assert (reference[: len(features)] - features).abs().max() < 1e-3


def test_a_remainder_of_frames_is_left_out(noise):
    assert fbank(noise, 1).shape == (198, 80)
    assert fbank(noise, 4).shape == (49, 320)


def test_frames_per_second(noise):
    frames = len(fbank(noise, 1))
    assert frames / 2.0 == pytest.approx(FbankExtractor.frames_per_second, abs=2)


def test_cached_features_are_the_same(paths):
    extractor = FbankExtractor(4)
    first, second = (extractor.extract(paths[:1])[0] for _ in range(2))
    assert torch.equal(first, second)


def test_float32_cache_is_exact(paths):
    extractor = FbankExtractor(4, cache_dtype=torch.float32)
    exact = extractor.compute(read_audio(paths[0]))
    first, second = (extractor.extract(paths[:1])[0] for _ in range(2))
    assert torch.equal(first, exact)
    assert torch.equal(second, exact)


def test_float16_cache_is_near(paths):
    extractor = FbankExtractor(4, cache_dtype=torch.float16)
    (rounded,), exact = extractor.extract(paths[:1]), extractor.compute(read_audio(paths[0]))
    assert not torch.equal(rounded, exact)
    assert torch.allclose(rounded, exact, rtol=HALF_ROUNDING, atol=1e-7)
    small = exact.abs() < 8
    assert (rounded - exact)[small].abs().max() < 2e-3


def test_cache_is_bounded(paths):
    extractor = FbankExtractor(4, cache_bytes=20_000)
    extractor.extract(paths)
    assert extractor._cached_bytes <= 20_000
    assert extractor._cached_bytes == sum(row.nbytes for row in extractor._cache.values())


def test_transformed_audio_is_not_cached(paths):
    extractor = FbankExtractor(4)
    (plain,) = extractor.extract(paths[:1])
    (reversed_,) = extractor.extract(paths[:1], [lambda samples: samples[::-1]])
    assert not torch.equal(plain, reversed_)
    assert torch.equal(extractor.extract(paths[:1])[0], plain)


def test_silence_is_the_mean_of_normalised_features(paths):
    extractor = FbankExtractor(4)
    (features,) = extractor.extract(paths[:1])
    silence = extractor.silence(features)
    assert silence.shape == features.shape
    assert features.mean().item() == pytest.approx(0, abs=0.01)  # the frames cut by stacking
    assert not silence.any()


def test_long_audio_is_cut_and_counted(noise):
    extractor = FbankExtractor(4, max_seconds=1.0)
    assert len(extractor.trim(noise, "long")) == 16_000
    assert extractor.truncated == {"long"}


def test_audio_of_the_maximum_is_not_counted(noise):
    extractor = FbankExtractor(4, max_seconds=2.0)
    assert len(extractor.trim(noise, "fits")) == 32_000
    assert not extractor.truncated


def test_audio_that_is_too_short_is_refused(noise):
    with pytest.raises(BadAudio, match="click: 0.006 s is too short"):
        FbankExtractor(4).trim(noise[:100], "click")


def test_an_unusable_file_is_an_error_among_features(paths, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"")
    good, bad = FbankExtractor(4).extract([paths[0], tmp_path / "bad.wav"])
    assert good.shape[1] == 320
    assert "bad.wav" in str(bad)
