import math

import numpy as np
import pytest
import torch

from lib.corpora.audio import read_audio
from lib.corpora.signal_to_noise import signal_to_noise_db
from lib.data.augment import add_noise

ADDED = (0.0, 5.0, 10.0, 20.0)  # dB


@pytest.fixture(scope="module")
def estimated(corpus):
    """The estimate of each clip at each ratio."""
    clips = [torch.from_numpy(read_audio(u.audio)) for u in corpus.utterances[:20]]
    return np.array(
        [
            [signal_to_noise_db(add_noise(s, db, np.random.default_rng(i)).numpy()) for db in ADDED]
            for i, s in enumerate(clips)
        ]
    )


def test_less_noise_gives_a_higher_estimate(estimated):
    assert (np.diff(estimated, axis=1) > 0).all()


@pytest.mark.parametrize("place, error", [(0, 2), (1, 2), (2, 2.5), (3, 5)])
def test_added_noise_is_measured(estimated, place, error):
    assert np.abs(estimated[:, place] - ADDED[place]).mean() < error


def test_the_level_and_an_offset_do_not_count(corpus):
    samples = read_audio(corpus.utterances[0].audio)
    noisy = add_noise(torch.from_numpy(samples), 10.0, np.random.default_rng(0)).numpy()
    assert signal_to_noise_db(noisy / 4 + 0.1) == pytest.approx(signal_to_noise_db(noisy), abs=0.1)


def test_noise_alone_is_at_the_low_end():
    noise = np.random.default_rng(0).standard_normal(32000).astype(np.float32) / 10
    assert signal_to_noise_db(noise) < -5


@pytest.mark.parametrize("samples", [np.zeros(1600, np.float32), np.full(1600, 0.5, np.float32)])
def test_silence_has_no_ratio(samples):
    assert math.isnan(signal_to_noise_db(samples))
