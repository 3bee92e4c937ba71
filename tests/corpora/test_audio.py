import numpy as np
import pytest
import soundfile

from lib.corpora.audio import BadAudio, read_audio, split_media_fragment
from tests.corpora.sources.trees import tone


@pytest.mark.parametrize(
    "address, parts",
    [("a.wav", ("a.wav", 0.0, None)), ("a.wav#t=1.500,2.000", ("a.wav", 1.5, 2.0))],
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
