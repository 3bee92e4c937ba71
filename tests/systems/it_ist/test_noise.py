from pathlib import Path

import numpy as np
import pytest
import soundfile

from lib.systems.it_ist.noise import FILES, LEVEL, SECONDS, noise_examples
from lib.tasks import ASR, Example

GIVEN = [
    Example(
        id=f"a{n}", task=ASR, source="eng", target="eng", target_text="day", audio=Path("a.flac")
    )
    for n in range(400)
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("noise")
    return noise_examples(GIVEN, 0.05, folder), folder


def test_no_share_writes_nothing(tmp_path):
    assert noise_examples(GIVEN, 0.0, tmp_path / "noise") == []
    assert not (tmp_path / "noise").exists()


def test_the_share_of_the_examples(made):
    assert len(made[0]) == 20
    assert len({e.id for e in made[0]} | {e.id for e in GIVEN}) == 420


@pytest.mark.parametrize("share", [0.01, 0.1, 0.25, 0.5, 1.0])
def test_other_shares(share, made):
    assert len(noise_examples(GIVEN, share, made[1])) == 400 * share


@pytest.mark.parametrize("share", [0.4, 0.7])
def test_shares_that_are_no_fraction_of_one(share, made):
    assert len(noise_examples(GIVEN, share, made[1])) == pytest.approx(400 * share, abs=1)


def test_the_target_is_empty_and_the_audio_is_noise(made):
    for example in made[0]:
        assert example.target_text == ""
        samples, rate = soundfile.read(example.audio)
        assert rate == 16_000
        assert example.seconds == pytest.approx(len(samples) / rate)
        assert SECONDS[0] <= example.seconds <= SECONDS[1]
        assert np.sqrt(np.mean(samples**2)) == pytest.approx(LEVEL, rel=0.02)
        assert np.abs(samples).max() < 1.0  # not clipped


def test_clips_differ_and_are_written_once(made):
    _, folder = made
    files = sorted(folder.glob("*.flac"))
    assert len(files) == FILES
    assert len({path.read_bytes() for path in files}) == FILES
    before = [path.stat().st_mtime_ns for path in files]
    noise_examples(GIVEN, 0.05, folder)
    assert [path.stat().st_mtime_ns for path in files] == before


def test_clips_are_the_same_in_another_folder(made, tmp_path):
    noise_examples(GIVEN[:20], 0.05, tmp_path)
    for path in made[1].glob("*.flac"):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_half_of_the_clips_have_equal_power_in_each_octave(made):
    def slope(path):
        samples, rate = soundfile.read(path)
        power = np.abs(np.fft.rfft(samples)) ** 2
        hertz = np.fft.rfftfreq(len(samples), 1 / rate)
        octaves = [power[(hertz >= f) & (hertz < 2 * f)].sum() for f in (250, 500, 1000, 2000)]
        return octaves[-1] / octaves[0]

    white, pink = (slope(made[1] / f"{number:03d}.flac") for number in (0, 1))
    assert white == pytest.approx(8, rel=0.3)
    assert pink == pytest.approx(1, rel=0.3)
