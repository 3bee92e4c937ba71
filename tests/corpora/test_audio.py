import os
import resource
import struct

import numpy as np
import pytest
import soundfile

from lib.corpora import audio
from lib.corpora.audio import BadAudio, read_audio, split_media_fragment
from lib.utterance import SAMPLING_RATE
from tests.corpora.sources.trees import tone


@pytest.mark.parametrize(
    "address, parts",
    [
        ("a.wav", ("a.wav", 0.0, None)),
        ("a.wav#t=1.500,2.000", ("a.wav", 1.5, 2.0)),
        ("a\n.wav#t=1,2#t=3,4", ("a\n.wav#t=1,2", 3.0, 4.0)),
        *(
            (name, (name, 0.0, None))
            for name in ("a.wav#t=1.2.3,4", "a.wav#t=.,1", f"a.wav#t={'9' * 400},1", "a#t=١,٢")
        ),
    ],
)
def test_media_fragments(address, parts):
    file, start, end = split_media_fragment(address)
    assert (str(file), start, end) == parts


@pytest.fixture
def stereo(tmp_path):
    """One second at 8 kHz."""
    return tone(tmp_path / "s.wav", seconds=1.0, rate=8000, channels=2)


def test_audio_is_mono_at_16_khz(stereo):
    assert read_audio(stereo).shape == (16000,)


def test_samples_are_32_bit_floats(stereo):
    assert read_audio(stereo).dtype == np.float32


def test_a_media_fragment_holds_the_samples_of_its_part(stereo):
    part = read_audio(f"{stereo}#t=0.250,0.750")
    assert np.abs(part[100:-100] - read_audio(stereo)[4100:11900]).max() < 0.01


@pytest.mark.parametrize(
    "fragment, max_seconds, samples",
    [("", 0.25, 4000), ("", 2.0, 16000), ("#t=0.5,1.0", 0.25, 4000), ("#t=0.5,0.6", 0.25, 1600)],
)
def test_no_more_than_max_seconds_are_read(stereo, fragment, max_seconds, samples):
    assert len(read_audio(f"{stereo}{fragment}", max_seconds)) == samples


def test_a_fragment_beyond_the_end_is_refused(stereo):
    with pytest.raises(BadAudio, match="s.wav#t=1.500,2.000: no samples"):
        read_audio(f"{stereo}#t=1.500,2.000")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BadAudio, match="a.wav: no such file; repair it"):
        read_audio(tmp_path / "a.wav")


def test_a_file_that_is_not_audio_is_refused(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF and nothing else")
    with pytest.raises(BadAudio, match="a.wav: not readable as audio"):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize("samples, cause", [([], "no samples"), ([0.1, np.nan], "NaN or infinite")])
def test_unusable_samples_are_refused(tmp_path, samples, cause):
    soundfile.write(tmp_path / "a.wav", np.array(samples), 16000, subtype="FLOAT")
    with pytest.raises(BadAudio, match=f"a.wav: {cause}"):
        read_audio(tmp_path / "a.wav")


# ---- resampling ----


def loudness_db(samples):
    """Relative to a sine of amplitude 0.5, without the ends, where a filter has no neighbours."""
    return 20 * np.log10(np.sqrt(np.mean(samples[800:-800] ** 2)) / 0.5 * np.sqrt(2) + 1e-12)


def sine(rate, hertz, seconds=1.0):
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)


@pytest.mark.parametrize(
    "rate", [1000, 8000, 11025, 15999, 16001, 22050, 24000, 32000, 44100, 48000, 767999]
)
@pytest.mark.parametrize("hertz", [300, 3000, 6900])
def test_a_sine_of_any_sampling_rate_keeps_its_form(tmp_path, rate, hertz):
    hertz = min(hertz, 0.4 * rate)
    soundfile.write(tmp_path / "a.wav", sine(rate, hertz), rate, subtype="FLOAT")
    found = read_audio(tmp_path / "a.wav")
    assert abs(len(found) - SAMPLING_RATE) <= 1
    assert loudness_db(found - sine(SAMPLING_RATE, hertz, 1.01)[: len(found)]) < -60


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_what_16_khz_cannot_hold_is_not_folded_into_it(tmp_path, rate):
    soundfile.write(tmp_path / "a.wav", sine(rate, 9000), rate, subtype="FLOAT")
    assert loudness_db(read_audio(tmp_path / "a.wav")) < -60


def test_memory_does_not_depend_on_the_ratio_of_rates(tmp_path):
    """Two rates without a common divisor once took 4.8 GB for two seconds."""
    soundfile.write(tmp_path / "a.wav", sine(16001, 300, 60.0), 16001)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read_audio(tmp_path / "a.wav")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KB


@pytest.mark.parametrize("channels", [1, 2])
def test_audio_read_in_blocks_is_that_read_at_once(tmp_path, channels, monkeypatch):
    path = tone(tmp_path / "a.flac", seconds=1.0, rate=44100, channels=channels)
    whole = read_audio(path)
    monkeypatch.setattr(audio, "BLOCK", 5000)
    assert np.abs(read_audio(path) - whole).max() < 1e-6
    assert len(read_audio(path)) == len(whole)


# ---- files that are not what they should be ----


def test_a_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "a.wav")
    with pytest.raises(BadAudio, match="a.wav: a named pipe, not a file; repair it"):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize(
    "name, cause",
    [("x" * 300, "File name too long"), ("a\0.wav", "no file can have this name")],
    ids=["long", "NUL"],
)
def test_an_impossible_name_is_refused(tmp_path, name, cause):
    with pytest.raises(BadAudio, match=cause):
        read_audio(tmp_path / name)


def test_a_name_of_any_bytes_is_read(tmp_path):
    path = tone(tmp_path / "a.wav").rename(tmp_path / os.fsdecode(b"\xff\n#.wav"))
    assert read_audio(path).shape == (8000,)


def test_an_ending_is_no_format(tmp_path):
    """soundfile asks for more arguments where a name ends in .raw."""
    with pytest.raises(BadAudio, match="a.raw: not readable as audio"):
        (tmp_path / "a.raw").write_bytes(bytes(1000))
        read_audio(tmp_path / "a.raw")
    assert read_audio(tone(tmp_path / "b.wav").rename(tmp_path / "b.raw")).shape == (8000,)


def overwrite(path, place, value):
    content = bytearray(path.read_bytes())
    content[place : place + len(value)] = value
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "place, value, cause",
    [
        (24, struct.pack("<I", 1), "its sampling rate is 1 Hz, not 1,000 to 768,000 Hz"),
        (24, struct.pack("<I", 2**31 - 1), "its sampling rate is 2,147,483,647 Hz"),
        (24, bytes(4), "not readable as audio"),
        (22, bytes(2), "not readable as audio"),
        (22, struct.pack("<H", 65535), "not readable as audio"),
    ],
    ids=["1 Hz", "2 GHz", "0 Hz", "no channel", "65,535 channels"],
)
def test_an_impossible_header_is_refused(tmp_path, place, value, cause):
    with pytest.raises(BadAudio, match=cause):
        read_audio(overwrite(tone(tmp_path / "a.wav"), place, value))


@pytest.mark.parametrize("samples", [bytes(5), b"\x0f" + b"\xff" * 4], ids=["stream", "2^36"])
def test_a_length_that_a_header_does_not_give_takes_no_memory(tmp_path, samples):
    path = tone(tmp_path / "a.flac")
    first = path.read_bytes()[21] & 0xF0 | samples[0]  # the upper half belongs to another field
    with pytest.raises(BadAudio, match="its header does not give its length"):
        read_audio(overwrite(path, 21, bytes([first]) + samples[1:]))


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg", ".opus"])
def test_an_empty_file_is_refused(tmp_path, suffix):
    (tmp_path / f"a{suffix}").touch()
    with pytest.raises(BadAudio, match="not readable as audio"):
        read_audio(tmp_path / f"a{suffix}")


@pytest.mark.parametrize(
    "suffix, cause",
    [(".flac", "not readable as audio"), (".mp3", r"truncated or damaged: [0-9.]+ of 4.00 s can")],
)
def test_a_truncated_file_that_promises_more_is_refused(tmp_path, suffix, cause):
    path = tone(tmp_path / f"a{suffix}", seconds=4.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadAudio, match=cause):
        read_audio(path)


def test_more_than_the_limit_is_read_in_parts(stereo, monkeypatch):
    monkeypatch.setattr(audio, "MAX_SECONDS", 0.5)
    with pytest.raises(BadAudio, match="1 s, more than the 0 s that are read at once"):
        read_audio(stereo)
    assert read_audio(f"{stereo}#t=0.2,0.6").shape == (6400,)
