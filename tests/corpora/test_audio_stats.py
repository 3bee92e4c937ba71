import math

import numpy as np
import pytest
import soundfile

from lib.corpora import audio_stats
from lib.corpora.audio import BadAudio
from lib.corpora.audio_stats import (
    AudioStatsCache,
    Header,
    measure_audio,
    median_pitch,
    read_header,
)
from lib.utterance import media_fragment
from tests.corpora.sources.trees import tone


def test_a_header_is_read(tmp_path):
    path = tone(tmp_path / "a.wav", seconds=0.5, rate=8000, channels=2)
    assert read_header(path) == Header(0.5, 0.5, 8000, 2)


@pytest.fixture
def truncated(tmp_path):
    """A WAV whose header declares one second, with half of the samples."""
    path = tone(tmp_path / "a.wav", seconds=1.0)
    path.write_bytes(path.read_bytes()[: 44 + 16000])
    return path


def test_a_truncated_file_is_as_long_as_its_samples(truncated):
    assert read_header(truncated).seconds == 0.5


def test_a_truncated_file_declares_its_original_length(truncated):
    assert read_header(truncated).declared_seconds == pytest.approx(1.0)


@pytest.mark.parametrize("content", [None, b"", b"no audio"])
def test_a_file_without_a_header_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(BadAudio, match="a.wav"):
        read_header(tmp_path / "a.wav")


def test_the_level_is_the_power_relative_to_full_scale(tmp_path):
    stats = measure_audio(tone(tmp_path / "a.wav"))  # a sine with an amplitude of 0.3
    assert stats.level_db == pytest.approx(10 * math.log10(0.3**2 / 2), abs=0.01)


def test_the_share_of_clipped_samples(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.array([0.0, 0.5, -1.0, 0.9995]), 16000, subtype="FLOAT")
    assert measure_audio(tmp_path / "a.wav").clipped_share == 0.5


def test_equal_samples_in_two_formats_have_equal_hashes(tmp_path):
    for name in ("a.wav", "a.flac"):
        soundfile.write(tmp_path / name, np.arange(-1000, 1000, dtype=np.int16), 16000)
    assert measure_audio(tmp_path / "a.wav").hash == measure_audio(tmp_path / "a.flac").hash


def test_other_samples_have_another_hash(tmp_path):
    one, other = tone(tmp_path / "a.wav", pitch=220.0), tone(tmp_path / "b.wav", pitch=221.0)
    assert measure_audio(one).hash != measure_audio(other).hash


@pytest.mark.parametrize("hertz", [80.0, 120.0, 220.0, 350.0])
def test_the_pitch_of_a_harmonic_tone(hertz):
    time = np.arange(16000) / 16000
    samples = sum(np.sin(2 * np.pi * hertz * harmonic * time) / harmonic for harmonic in (1, 2, 3))
    assert median_pitch(samples) == pytest.approx(hertz, rel=0.02)


@pytest.mark.parametrize("samples", [np.zeros(16000), np.zeros(100)])
def test_silence_and_very_short_audio_have_no_pitch(samples):
    assert math.isnan(median_pitch(samples))


@pytest.fixture
def cache(tmp_path):
    return AudioStatsCache(tmp_path / "cache" / "sounds.sqlite")


@pytest.fixture
def reads(monkeypatch):
    """The paths whose header is read."""
    paths = []
    read = audio_stats.read_header
    monkeypatch.setattr(audio_stats, "read_header", lambda path: paths.append(path) or read(path))
    return paths


def test_a_file_is_measured_once(cache, reads, tmp_path):
    path = tone(tmp_path / "a.wav")
    assert cache.headers([path]) == cache.headers([path])
    assert reads == [path]


def test_a_changed_file_is_measured_again(cache, reads, tmp_path):
    path = tone(tmp_path / "a.wav", seconds=0.5)
    cache.headers([path])
    tone(path, seconds=0.6)
    assert cache.headers([path])[0].seconds == 0.6


def test_a_damaged_cache_is_made_again(cache, reads, tmp_path):
    path = tone(tmp_path / "a.wav")
    before = cache.headers([path])
    (tmp_path / "cache" / "sounds.sqlite").write_bytes(b"not a database" * 100)
    again = AudioStatsCache(tmp_path / "cache" / "sounds.sqlite")
    assert again.headers([path]) == again.headers([path]) == before
    assert reads == [path, path]


def test_an_error_is_returned_in_the_place_of_its_file(cache, tmp_path):
    found = cache.headers([tone(tmp_path / "a.wav"), tmp_path / "missing.wav"])
    assert [type(entry) for entry in found] == [Header, BadAudio]


def test_an_error_is_not_stored(cache, tmp_path):
    cache.headers([tmp_path / "a.wav"])
    assert cache.headers([tone(tmp_path / "a.wav")]) == [Header(0.5, 0.5, 16000, 1)]


def test_statistics_of_a_media_fragment(cache, tmp_path):
    path = tone(tmp_path / "a.wav", seconds=1.0)
    assert cache.stats([media_fragment(path, 0.25, 0.5)])[0].seconds == 0.25


@pytest.mark.parametrize("quiet, silent", [((1,), "2"), ((0,), "1"), ((), ""), ((0, 1), "")])
def test_silent_channels(tmp_path, quiet, silent):
    wave = np.tile(0.3 * np.sin(np.arange(16000) / 10)[:, None], 2)
    wave[:, quiet] = 0
    soundfile.write(tmp_path / "a.wav", wave, 16000)
    assert measure_audio(tmp_path / "a.wav").silent_channels == silent


@pytest.mark.parametrize("rate, known", [(8000, False), (16000, True), (44100, True)])
def test_the_drop_at_4_khz_is_of_files_that_could_hold_more(tmp_path, rate, known):
    stats = measure_audio(tone(tmp_path / "a.wav", rate=rate))
    assert math.isnan(stats.drop_at_4_khz_db) is not known


def test_statistics_from_the_cache_are_those_that_were_measured(cache, tmp_path):
    path = tone(tmp_path / "a.wav", seconds=1.0, channels=2)
    assert cache.stats([path]) == cache.stats([path]) == [measure_audio(path)]
