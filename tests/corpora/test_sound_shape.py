"""Fingerprints, bandwidth and dead parts of sound."""

import numpy as np
import pytest
import soxr

from lib.corpora import sound_shape
from tests.corpora.curation.speech import RATE, speech

WAVE = speech(3.0, 140, 1).astype(np.float32)


def bits(wave):
    digits = sound_shape.fingerprint(sound_shape.frame_powers(np.asarray(wave, np.float32)))
    return np.unpackbits(np.frombuffer(bytes.fromhex(digits), np.uint8))


@pytest.mark.parametrize(
    "change",
    [
        lambda x: 0.2 * x,
        lambda x: -x,
        lambda x: x + 0.1,
        lambda x: np.round(x * 2000) / 2000,
        lambda x: soxr.resample(soxr.resample(x, RATE, 8000), 8000, RATE),
        lambda x: soxr.resample(soxr.resample(x, RATE, 44100), 44100, RATE),
    ],
)
def test_a_copy_keeps_its_fingerprint(change):
    assert np.sum(bits(WAVE) != bits(change(WAVE))) <= 8


def test_other_words_of_a_voice_have_another_fingerprint():
    prints = [bits(speech(3.0, 140, seed)) for seed in range(12)]
    differing = [np.sum(a != b) for n, a in enumerate(prints) for b in prints[:n]]
    assert min(differing) > 30


@pytest.mark.parametrize(
    "wave",
    [WAVE[:7000], np.zeros(RATE), 0.3 * np.sin(np.arange(3 * RATE) / 20), np.ones(RATE)],
    ids=["0.4 s", "silence", "tone", "constant"],
)
def test_short_and_steady_sound_has_no_fingerprint(wave):
    assert bits(wave).size == 0


def drop(wave):
    return sound_shape.drop_at_4_khz_db(sound_shape.frame_powers(np.asarray(wave, np.float32)))


def test_bandwidth():
    assert drop(WAVE) < 35
    assert drop(soxr.resample(soxr.resample(WAVE, RATE, 8000), 8000, RATE)) > 60


def test_noise_hardly_varies():
    noise = np.random.default_rng(0).standard_normal(2 * RATE)
    assert sound_shape.modulation_db(sound_shape.frame_powers(noise)) < 1
    assert sound_shape.modulation_db(sound_shape.frame_powers(WAVE)) > 5


@pytest.mark.parametrize("level", [1.0, 0.1])
def test_plateaus_of_clipping(level):
    loud = np.round(np.clip(80 * WAVE, -1, 1) * level * 32767) / 32767
    assert sound_shape.flat_share(loud) > 0.02
    assert sound_shape.flat_share(np.round(WAVE * level * 32767) / 32767) < 0.001


def test_a_low_tone_is_not_clipped():
    assert sound_shape.flat_share(0.3 * np.sin(2 * np.pi * 60 * np.arange(RATE) / RATE)) == 0


def test_digital_silence():
    pcm = np.round(WAVE * 32767).astype(np.int16)
    pcm[:RATE] = 0
    assert sound_shape.still_share(pcm) == pytest.approx(1 / 3, abs=0.02)
    pcm[: RATE + 1000] = np.arange(RATE + 1000) // 1000  # runs of 1000 samples are short ones
    assert sound_shape.still_share(pcm) == pytest.approx(0, abs=0.02)
