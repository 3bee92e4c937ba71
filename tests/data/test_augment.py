import subprocess
import sys

import numpy as np
import pytest
import torch

from lib.data.augment import Augment, add_noise, add_reverberation, change_speed, utterance_rng
from lib.data.features import fbank

RATE = 16_000
EVERYTHING = Augment(
    speeds=(0.9, 1.0, 1.1),
    noise_probability=1.0,
    reverberation_probability=1.0,
    time_masks=2,
    mel_masks=2,
)


def sine(hertz=1000.0, seconds=1.0, peak=0.1):
    times = np.arange(int(seconds * RATE)) / RATE
    return (peak * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def rng(seed=0):
    return np.random.default_rng(seed)


def decibels(power):
    return 10 * np.log10(power)


def masked_positions(features, masked):
    """Where features that are nowhere 0 were masked; the others must be unchanged."""
    assert (features != 0).all()
    assert torch.equal(masked[masked != 0], features[masked != 0])
    return masked == 0


def test_sound_is_the_same_for_equal_seed_epoch_and_id():
    sounds = [EVERYTHING.sound(sine(), utterance_rng(1, 2, "a")) for _ in range(2)]
    assert np.array_equal(*sounds)


@pytest.mark.parametrize(
    "other", [(0, 2, "a"), (1, 3, "a"), (1, 2, "b"), (12, 2, "a"), (1, 22, "a")]
)
def test_sound_depends_on_seed_epoch_and_id(other):
    sound = EVERYTHING.sound(sine(), utterance_rng(1, 2, "a"))
    assert not np.array_equal(sound, EVERYTHING.sound(sine(), utterance_rng(*other)))


def test_mask_depends_on_seed_epoch_and_id():
    features = torch.ones(300, 160)
    keys = [(1, 2, "a"), (1, 2, "a"), (1, 3, "a")]
    first, same, other = (EVERYTHING.mask(features, utterance_rng(*key)) for key in keys)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_rng_is_the_same_in_another_process(monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "123")
    code = "from lib.data.augment import utterance_rng; print(utterance_rng(7, 3, 'kõne').random())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) == utterance_rng(7, 3, "kõne").random()


def test_defaults_change_nothing():
    augment, features = Augment(), torch.randn(50, 320)
    assert np.array_equal(augment.sound(sine(), rng()), sine())
    assert torch.equal(augment.mask(features, rng()), features)


@pytest.mark.parametrize(
    "augment, changes_sound, changes_features",
    [
        (Augment(), False, False),
        (Augment(speeds=(1.0,)), False, False),
        (Augment(speeds=(1.0, 1.1)), True, False),
        (Augment(noise_probability=0.1), True, False),
        (Augment(reverberation_probability=0.1), True, False),
        (Augment(time_masks=1), False, True),
        (Augment(mel_masks=1), False, True),
    ],
)
def test_declares_what_it_changes(augment, changes_sound, changes_features):
    assert augment.changes_sound is changes_sound
    assert augment.changes_features is changes_features


@pytest.mark.parametrize("speed", [0.9, 1.0, 1.1, 0.93])
def test_speed_changes_length_and_pitch(speed):
    sound = Augment(speeds=(speed,)).sound(sine(1000.0, 3.0), rng())
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert sound.dtype == np.float32
    assert len(sound) == pytest.approx(3 * RATE / speed, rel=0.01)
    assert spectrum.argmax() * RATE / len(sound) == pytest.approx(1000 * speed, abs=1.0)


def test_each_speed_is_drawn_about_as_often():
    augment = Augment(speeds=(0.8, 1.0, 1.25))
    sounds = [augment.sound(sine(seconds=0.1), utterance_rng(0, 0, str(i))) for i in range(240)]
    lengths = [len(sound) for sound in sounds]
    assert sorted(set(lengths)) == [1280, 1600, 2000]
    assert min(lengths.count(length) for length in set(lengths)) > 55


@pytest.mark.parametrize("snr_db", [0.0, 5.0, 20.0])
def test_noise_has_the_drawn_ratio(snr_db):
    samples = sine(seconds=1.7)
    augment = Augment(noise_probability=1.0, noise_snr_db=(snr_db, snr_db))
    noise = augment.sound(samples, rng()) - samples
    ratio = (samples**2).mean() / (noise**2).mean()
    assert decibels(ratio) == pytest.approx(snr_db, abs=0.1)


def noise_slope(seed):
    """The exponent with which the power of noise falls with frequency."""
    samples = torch.from_numpy(sine(seconds=4.0))
    noise = (add_noise(samples, 0.0, rng(seed)) - samples).numpy()
    power, hertz = np.abs(np.fft.rfft(noise)) ** 2, np.fft.rfftfreq(len(noise), 1 / RATE)
    octaves = [100, 200, 400, 800, 1600, 3200]
    means = [power[(hertz >= low) & (hertz < 2 * low)].mean() for low in octaves]
    return -np.polyfit(range(len(octaves)), np.log2(means), 1)[0]


def test_noise_has_different_colours():
    slopes = [noise_slope(seed) for seed in range(30)]
    assert min(slopes) == pytest.approx(0.1, abs=0.25)
    assert max(slopes) == pytest.approx(1.9, abs=0.25)


def test_share_of_noisy_utterances_is_the_probability():
    augment, samples = Augment(noise_probability=0.3), sine(seconds=0.1)
    sounds = [augment.sound(samples, utterance_rng(0, 0, str(i))) for i in range(500)]
    noisy = sum(not np.array_equal(sound, samples) for sound in sounds)
    assert noisy == pytest.approx(150, abs=40)


@pytest.mark.parametrize("rt60", [0.1, 0.5])
def test_reverberation_falls_by_60_decibels_in_its_time(rt60):
    impulse, onset = np.zeros(RATE, np.float32), 1000
    impulse[onset] = 0.5
    augment = Augment(reverberation_probability=1.0, rt60_seconds=(rt60, rt60))
    sound = augment.sound(impulse, rng())
    tail = sound[onset + 1 : onset + 1 + int(rt60 * RATE)]
    levels = [decibels((part**2).mean()) for part in np.array_split(tail, 20)]
    fall = np.polyfit((np.arange(20) + 0.5) / 20, levels, 1)[0]
    direct_to_reverberant = decibels(sound[onset] ** 2 / (tail**2).sum())
    assert len(sound) == len(impulse)
    assert sound.argmax() == onset
    assert sound[onset] == pytest.approx(0.5, rel=1e-3)
    assert np.abs(sound[:onset]).max() < 1e-6  # silent before the direct sound
    assert fall == pytest.approx(-60, abs=3)
    assert direct_to_reverberant == pytest.approx(5, abs=5.1)


@pytest.mark.parametrize("seed", range(5))
def test_silence_stays_silent(seed):
    assert not EVERYTHING.sound(np.zeros(RATE, np.float32), rng(seed)).any()


def test_loud_sound_is_scaled_and_not_clipped():
    loud = sine(peak=0.99)
    unscaled = add_noise(torch.from_numpy(loud), 0.0, rng())
    augment = Augment(noise_probability=1.0, noise_snr_db=(0.0, 0.0))
    sound = augment.sound(loud, rng())
    assert unscaled.abs().max() > 1.0
    assert np.abs(sound).max() == 1.0
    assert (np.abs(sound) == 1.0).sum() == 1


@pytest.mark.parametrize("augment", [Augment(), EVERYTHING], ids=["nothing", "everything"])
def test_given_samples_are_not_changed(augment):
    samples = sine()
    augment.sound(samples, rng())[:] = 9.0
    assert np.array_equal(samples, sine())


@pytest.mark.parametrize(
    "change",
    [
        lambda samples: add_reverberation(samples, 0.3, rng()),
        lambda samples: add_noise(samples, 10.0, rng()),
        lambda samples: change_speed(samples, 1.0),
    ],
    ids=["reverberation", "noise", "speed"],
)
def test_length_is_kept(change):
    prime = 15_991
    assert len(change(torch.from_numpy(sine()[:prime]))) == prime


@pytest.mark.parametrize("stack", [1, 2, 4])
def test_time_masks_stay_within_their_bounds(stack):
    features, longest = torch.ones(400 // stack, 80 * stack), 0
    augment = Augment(time_masks=1, max_time_mask_seconds=0.3)
    for seed in range(100):
        masked = masked_positions(features, augment.mask(features, rng(seed)))
        assert torch.equal(masked.any(1), masked.all(1))  # whole frames
        frames = masked.all(1).nonzero().flatten().tolist()
        one_span = range(frames[0], frames[-1] + 1) if frames else []
        assert frames == list(one_span)
        longest = max(longest, len(frames))
    assert longest == int(30 / stack)


def masked_share(augment, seed):
    features = torch.ones(20, 160)
    return masked_positions(features, augment.mask(features, rng(seed))).float().mean().item()


def test_a_time_mask_of_a_short_utterance_covers_a_share_of_it():
    shares = [masked_share(Augment(time_masks=1), seed) for seed in range(200)]
    assert max(shares) == pytest.approx(0.2)
    assert min(shares) == 0


def test_several_time_masks_cover_as_many_shares():
    assert masked_share(Augment(time_masks=3), 0) <= 0.6


@pytest.mark.parametrize("stack", [1, 2, 4])
def test_mel_masks_cover_the_same_mels_in_each_stacked_frame(stack):
    features = torch.rand(12, 80 * stack) + 0.1
    widest, reached = 0, torch.zeros(80, dtype=torch.bool)
    for seed in range(250):
        masked = Augment(mel_masks=1).mask(features, rng(seed))
        mels = masked_positions(features, masked).reshape(-1, 80)  # 10 ms frames
        assert (mels == mels[0]).all()
        widest, reached = max(widest, int(mels[0].sum())), reached | mels[0]
    assert widest == 15
    assert reached.all()


def test_mask_takes_128_mels():
    features = torch.ones(12, 2 * 128)
    masked = Augment(mel_masks=1).mask(features, rng(1), mels=128)
    frames = masked_positions(features, masked).reshape(-1, 128)
    assert frames.any()
    assert (frames == frames[0]).all()


@pytest.mark.parametrize(
    "augment", [Augment(), Augment(time_masks=2, mel_masks=2)], ids=["nothing", "masks"]
)
def test_mask_returns_a_copy(augment):
    features = torch.ones(100, 320)
    augment.mask(features, rng()).zero_()
    assert (features == 1).all()


def test_mask_takes_filter_banks():
    features = fbank(add_noise(torch.from_numpy(sine()), 10.0, rng()).numpy(), 4)
    masked = EVERYTHING.mask(features, rng())
    assert masked.shape == features.shape
    assert masked.dtype == features.dtype
    assert masked_positions(features, masked).any()


def test_mask_refuses_features_of_another_width():
    with pytest.raises(ValueError, match="100 wide"):
        EVERYTHING.mask(torch.ones(10, 100), rng())


@pytest.mark.parametrize(
    "field, value",
    [
        ("noise_probability", -0.1),
        ("noise_probability", float("nan")),
        ("reverberation_probability", 1.5),
        ("max_time_mask_share", 2.0),
        ("speeds", (1.0, 0.0)),
        ("speeds", (-1.0,)),
        ("speeds", (0.4,)),
        ("speeds", (2.1,)),
        ("noise_snr_db", (20.0, 5.0)),
        ("rt60_seconds", (0.5, 0.1)),
        ("rt60_seconds", (0.0, 0.1)),
        ("time_masks", -1),
        ("max_time_mask_seconds", -0.1),
        ("mel_masks", -1),
        ("max_mel_mask", -1),
    ],
)
def test_wrong_settings_are_refused_by_name_and_value(field, value):
    with pytest.raises(ValueError) as error:
        Augment(**{field: value})
    assert str(error.value).startswith(f"{field} is {value}; it must be")


def test_integers_are_valid_settings():
    augment = Augment(speeds=(1,), noise_probability=1, noise_snr_db=(5, 5))
    assert augment.sound(sine(), rng()).dtype == np.float32
