import numpy as np
import pytest
import torch
from transformers import SeamlessM4TFeatureExtractor

from lib.corpora.audio import BadAudio
from lib.data.features import FbankExtractor, fbank


@pytest.mark.parametrize("stack", [2, 4])
def test_equal_to_hugging_face(corpus, stack):
    from lib.corpora.audio import read_audio

    samples = read_audio(corpus.utterances[0].audio)
    theirs = SeamlessM4TFeatureExtractor(stride=stack)(samples, sampling_rate=16000, return_tensors="pt").input_features[0]
    ours = fbank(samples, stack)
    assert ours.shape[1] == 80 * stack and abs(len(theirs) - len(ours)) <= 1  # theirs pads a remainder, ours leaves it out
    assert (theirs[: len(ours)] - ours).abs().max() < 1e-3


def test_heard_twice_is_the_same(corpus):
    ears, path = FbankExtractor(4), corpus.utterances[0].audio
    assert torch.equal(ears.hear([path])[0], ears.hear([path])[0])


def test_memory_is_bounded(corpus):
    ears = FbankExtractor(4, remember=20_000)
    ears.hear([utterance.audio for utterance in corpus.utterances])
    assert ears._bytes <= 20_000


def test_long_audio_is_cut_and_counted_and_short_audio_refused():
    ears = FbankExtractor(4, longest=1.0)
    noise = np.random.default_rng(0).standard_normal(32_000).astype(np.float32) * 0.1
    assert len(ears.trim(noise, "long")) == 16_000 and ears.cut == {"long"}
    with pytest.raises(BadAudio, match="too short"):
        ears.trim(noise[:100], "tick")
