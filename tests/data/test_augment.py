import subprocess
import sys

import numpy as np
import pytest
import torch

from lib.data.augment import Augment, at_speed, in_a_room, in_noise, utterance_rng

RATE = 16_000
EVERYTHING = Augment((0.9, 1.0, 1.1), noise=1.0, reverberation=1.0, time_masks=2, mel_masks=2)


def sine(hertz=1000.0, seconds=1.0, peak=0.1):
    return (peak * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def rng(number=0):
    return np.random.default_rng(number)


def decibels(power):
    return 10 * np.log10(power)


def lost(features, masked):
    """Where features that are nowhere 0 were masked."""
    assert (features != 0).all() and torch.equal(masked[masked != 0], features[masked != 0])
    return masked == 0


def test_chance_depends_on_seed_epoch_and_id_and_nothing_else():
    heard = EVERYTHING.sound(sine(), utterance_rng(1, 2, "a"))
    assert np.array_equal(heard, EVERYTHING.sound(sine(), utterance_rng(1, 2, "a")))
    for other in [(0, 2, "a"), (1, 3, "a"), (1, 2, "b"), (12, 2, "a"), (1, 22, "a")]:
        assert not np.array_equal(heard, EVERYTHING.sound(sine(), utterance_rng(*other))), other
    features = torch.ones(300, 160)
    masked = EVERYTHING.mask(features, utterance_rng(1, 2, "a"))
    assert torch.equal(masked, EVERYTHING.mask(features, utterance_rng(1, 2, "a")))
    assert not torch.equal(masked, EVERYTHING.mask(features, utterance_rng(1, 3, "a")))


def test_chance_is_the_same_in_another_process(monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "123")
    draw = "from lib.data.augment import utterance_rng; print(utterance_rng(7, 3, 'kõne').random())"
    elsewhere = subprocess.run([sys.executable, "-c", draw], capture_output=True, text=True, check=True).stdout
    assert float(elsewhere) == utterance_rng(7, 3, "kõne").random()


def test_nothing_asked_nothing_done():
    augment, features = Augment(), torch.randn(50, 320)
    assert not augment.changes_sound and not augment.changes_features
    assert np.array_equal(augment.sound(sine(), rng()), sine())
    assert torch.equal(augment.mask(features, rng()), features)


def test_says_what_it_changes():
    assert not Augment(speeds=(1.0,)).changes_sound
    for augment in [Augment(speeds=(1.0, 1.1)), Augment(noise=0.1), Augment(reverberation=0.1)]:
        assert augment.changes_sound and not augment.changes_features
    for augment in [Augment(time_masks=1), Augment(mel_masks=1)]:
        assert augment.changes_features and not augment.changes_sound


@pytest.mark.parametrize("speed", [0.9, 1.0, 1.1, 0.93])
def test_speed_changes_length_and_pitch(speed):
    heard = Augment(speeds=(speed,)).sound(sine(1000.0, 3.0), rng())
    assert heard.dtype == np.float32 and len(heard) == pytest.approx(3 * RATE / speed, rel=0.01)
    peak = np.abs(np.fft.rfft(heard * np.hanning(len(heard)))).argmax() * RATE / len(heard)
    assert peak == pytest.approx(1000 * speed, abs=1.0)


def test_each_speed_is_drawn_about_as_often():
    lengths = [len(Augment(speeds=(0.8, 1.0, 1.25)).sound(sine(seconds=0.1), utterance_rng(0, 0, str(i)))) for i in range(300)]
    assert sorted(set(lengths)) == [1280, 1600, 2000] and min(lengths.count(length) for length in set(lengths)) > 70


@pytest.mark.parametrize("snr", [0.0, 5.0, 20.0])
def test_noise_has_the_ratio_drawn(snr):
    samples = sine(seconds=1.7)
    noise = Augment(noise=1.0, noise_snr=(snr, snr)).sound(samples, rng()) - samples
    assert decibels((samples**2).mean() / (noise**2).mean()) == pytest.approx(snr, abs=0.1)


def test_noise_has_different_colours():
    def slope(number):
        noise = (in_noise(torch.from_numpy(sine(seconds=4.0)), 0.0, rng(number)) - torch.from_numpy(sine(seconds=4.0))).numpy()
        power, hertz = np.abs(np.fft.rfft(noise)) ** 2, np.fft.rfftfreq(len(noise), 1 / RATE)
        octaves = [power[(hertz >= low) & (hertz < 2 * low)].mean() for low in (100, 200, 400, 800, 1600, 3200)]
        return -np.polyfit(range(6), np.log2(octaves), 1)[0]  # power falls as 1 / frequency ** slope

    slopes = [slope(number) for number in range(30)]
    assert -0.15 < min(slopes) < 0.4 and 1.6 < max(slopes) < 2.15


def test_probability_is_kept():
    augment, samples = Augment(noise=0.3), sine(seconds=0.1)
    noisy = sum(not np.array_equal(augment.sound(samples, utterance_rng(0, 0, str(i))), samples) for i in range(500))
    assert 110 < noisy < 190


@pytest.mark.parametrize("rt60", [0.1, 0.5])
def test_reverberation_falls_by_60_decibels_in_its_time(rt60):
    impulse, onset = np.zeros(RATE, np.float32), 1000
    impulse[onset] = 0.5
    heard = Augment(reverberation=1.0, reverberation_rt60=(rt60, rt60)).sound(impulse, rng())
    assert len(heard) == len(impulse) and heard.argmax() == onset and heard[onset] == pytest.approx(0.5, rel=1e-3)
    assert np.abs(heard[:onset]).max() < 1e-6  # nothing is heard before the sound
    tail = heard[onset + 1 : onset + 1 + int(rt60 * RATE)]
    parts = np.array_split(tail, 20)
    fall = np.polyfit((np.arange(20) + 0.5) / 20, [decibels((part**2).mean()) for part in parts], 1)[0]
    assert fall == pytest.approx(-60, abs=3)
    assert 0 <= decibels(heard[onset] ** 2 / (tail**2).sum()) <= 10.1


def test_silence_stays_silent_and_finite():
    silence = np.zeros(RATE, np.float32)
    for number in range(5):
        assert not EVERYTHING.sound(silence, rng(number)).any()


def test_loud_sound_is_made_quieter_and_not_clipped():
    loud = sine(peak=0.99)
    heard = Augment(noise=1.0, noise_snr=(0.0, 0.0)).sound(loud, rng())
    assert np.abs(heard).max() == 1.0 and (np.abs(heard) == 1.0).sum() == 1
    unscaled = in_noise(torch.from_numpy(loud), 0.0, np.random.default_rng(0))
    assert unscaled.abs().max() > 1.0


def test_samples_given_are_left_as_they_were():
    samples = sine()
    for augment in (Augment(), EVERYTHING):
        augment.sound(samples, rng())[:] = 9.0
        assert np.array_equal(samples, sine())


def test_one_and_a_half_seconds_of_odd_length_keep_their_length():
    samples = torch.from_numpy(sine()[:15_991])  # a prime number
    assert (
        len(in_a_room(samples, 0.3, rng())) == len(in_noise(samples, 10.0, rng())) == len(at_speed(samples, 1.0)) == 15_991
    )


@pytest.mark.parametrize("stack", [1, 2, 4])
def test_time_masks_stay_within_their_bounds(stack):
    features, longest = torch.ones(400 // stack, 80 * stack), 0
    for number in range(150):
        rows = lost(features, Augment(time_masks=1, time_mask=0.3).mask(features, rng(number)))
        assert torch.equal(rows.any(1), rows.all(1))  # whole rows
        places = rows.all(1).nonzero().flatten()
        assert len(places) == 0 or places[-1] - places[0] + 1 == len(places)  # one span
        longest = max(longest, len(places))
    assert longest == int(30 / stack)


def test_time_masks_of_short_utterances_keep_to_their_share():
    features = torch.ones(20, 160)
    shares = [lost(features, Augment(time_masks=1).mask(features, rng(i))).float().mean().item() for i in range(200)]
    assert max(shares) == pytest.approx(0.2) and min(shares) == 0
    assert lost(features, Augment(time_masks=3).mask(features, rng())).float().mean() <= 0.6


@pytest.mark.parametrize("stack", [1, 2, 4])
def test_mel_masks_cover_the_same_mels_in_each_stacked_frame(stack):
    features, most, ever = torch.rand(12, 80 * stack) + 0.1, 0, torch.zeros(80, dtype=torch.bool)
    for number in range(400):
        mels = lost(features, Augment(mel_masks=1).mask(features, rng(number))).reshape(-1, 80)  # 10-ms frames
        assert (mels == mels[0]).all()
        most, ever = max(most, int(mels[0].sum())), ever | mels[0]
    assert most == 15 and ever.all()  # no mel is out of reach


def test_mask_is_a_copy():
    features = torch.ones(100, 320)
    masked = Augment(time_masks=2, mel_masks=2).mask(features, rng())
    assert (masked == 0).any() and (features == 1).all()
    Augment().mask(features, rng()).zero_()
    assert (features == 1).all()


def test_mask_takes_the_features_of_fbank_and_refuses_others():
    from lib.data.features import fbank

    features = fbank(in_noise(torch.from_numpy(sine()), 10.0, rng()).numpy(), 4)
    masked = EVERYTHING.mask(features, rng())
    assert masked.shape == features.shape and masked.dtype == features.dtype and lost(features, masked).any()
    with pytest.raises(ValueError, match="100 wide"):
        EVERYTHING.mask(torch.ones(10, 100), rng())


@pytest.mark.parametrize(
    "field, value",
    [
        ("noise", -0.1),
        ("noise", float("nan")),
        ("reverberation", 1.5),
        ("time_share", 2.0),
        ("speeds", (1.0, 0.0)),
        ("speeds", (-1.0,)),
        ("speeds", (0.4,)),
        ("speeds", (2.1,)),
        ("noise_snr", (20.0, 5.0)),
        ("reverberation_rt60", (0.5, 0.1)),
        ("reverberation_rt60", (0.0, 0.1)),
        ("time_masks", -1),
        ("time_mask", -0.1),
        ("mel_masks", -1),
        ("mel_mask", 81),
    ],
)
def test_wrong_settings_are_refused_by_name_and_value(field, value):
    with pytest.raises(ValueError) as error:
        Augment(**{field: value})
    assert str(error.value).startswith(f"{field} is {value}; it must be")


def test_whole_numbers_are_settings_too():
    assert Augment(speeds=(1,), noise=1, noise_snr=(5, 5)).sound(sine(), rng()).dtype == np.float32
