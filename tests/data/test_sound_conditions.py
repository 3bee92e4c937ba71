from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lib.corpora.audio import read_audio
from lib.data.augment import utterance_rng
from lib.data.sound_conditions import (
    ACCENT,
    ANOTHER_SPEAKER,
    CHANGES,
    COUNTERFACTUAL,
    CURVES,
    Condition,
    accent_of,
    all_conditions,
    apply,
    conditioned,
    readable,
    speak_again,
)
from lib.languages import LANGUAGES
from lib.tasks import ST, examples

SILENCE, NOISE, REVERSED, ANOTHER_CLIP = COUNTERFACTUAL


@pytest.fixture(scope="module")
def clips(corpus):
    return examples(corpus.split("test", "est"), ST, "spa")[:3]


@pytest.fixture(scope="module")
def samples(clips):
    return read_audio(clips[0].audio)


def rng():
    return utterance_rng(0, 0, "clip")


def power_db(samples):
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))


def test_silence_has_the_length_of_the_clip(samples):
    assert np.array_equal(apply(samples, SILENCE, rng()), np.zeros_like(samples))


def test_reversed_twice_is_the_clip(samples):
    once = apply(samples, REVERSED, rng())
    assert not np.allclose(once, samples)
    assert np.array_equal(apply(once, REVERSED, rng()), samples)


def test_noise_has_level_and_spectrum_of_the_clip_but_not_its_waveform(samples):
    noise = apply(samples, NOISE, rng())
    spectra = [np.abs(np.fft.rfft(s))[1:-1] for s in (samples, noise)]
    assert power_db(noise) == pytest.approx(power_db(samples), abs=0.1)
    assert np.corrcoef(*spectra)[0, 1] > 0.99
    assert abs(np.corrcoef(samples, noise)[0, 1]) < 0.1


def test_noise_has_no_pauses(samples):
    def loudest_to_quietest(sound):
        levels = [power_db(part + 1e-9) for part in np.array_split(sound, 10)]
        return max(levels) - min(levels)

    padded = np.concatenate([samples, np.zeros_like(samples)])
    assert loudest_to_quietest(padded) > 30
    assert loudest_to_quietest(apply(padded, NOISE, rng())) < 10


@pytest.mark.parametrize("condition", CURVES["overlap"], ids=lambda c: c.name)
def test_two_talkers_have_the_ratio_of_the_level(samples, clips, condition):
    quiet = samples * 0.1  # nothing is scaled
    other = read_audio(clips[1].audio)
    masker = apply(quiet, condition, rng(), other) - quiet
    assert power_db(quiet) - power_db(masker) == pytest.approx(condition.level, abs=0.01)
    assert np.corrcoef(masker, np.resize(other, len(masker)))[0, 1] > 0.999


def test_noise_is_the_same_at_each_level(samples):
    quiet = samples * 0.1
    weak, strong = (
        apply(quiet, Condition("", "SNR", level), rng()) - quiet for level in (20.0, 0.0)
    )
    assert np.allclose(10 * weak, strong, atol=1e-4)


def test_faster_is_shorter(samples):
    lengths = [len(apply(samples, c, rng())) / len(samples) for c in CURVES["speed"]]
    assert lengths == pytest.approx([1 / c.level for c in CURVES["speed"]], rel=0.01)


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("clip", ["loud", "digital silence"])
def test_sound_is_finite_and_within_the_range(samples, kind, clip):
    given = samples / np.abs(samples).max() if clip == "loud" else np.zeros_like(samples)
    level = {"SNR": -5.0, "speed": 0.6, "RT60": 1.2, "overlap": 0.0}.get(kind)
    sound = apply(given, Condition(kind, kind, level), rng(), other=given[::-1].copy())
    assert sound.dtype == np.float32
    assert np.abs(sound).max() <= 1


def test_a_condition_that_cannot_be_applied_is_refused(samples):
    with pytest.raises(ValueError, match="needs another clip"):
        apply(samples, ANOTHER_CLIP, rng())
    with pytest.raises(ValueError, match="'accent' is no change to samples"):
        apply(samples, ACCENT, rng())


def test_smoke_has_the_ends_of_the_curves():
    names = [c.name for c in all_conditions("smoke")]
    assert [n for n in names if n.startswith("SNR")] == ["SNR 30 dB", "SNR -5 dB"]
    assert set(names) < {c.name for c in all_conditions("tiny")}


def test_files_are_the_same_again_and_made_once(clips, tmp_path):
    condition = CURVES["SNR"][-1]
    first, again = (conditioned(clips, condition, tmp_path / "a") for _ in range(2))
    times = [e.audio.stat().st_mtime_ns for e in first]
    elsewhere = conditioned(clips[1:], condition, tmp_path / "b")  # the others do not matter
    assert again == first
    assert [e.audio.stat().st_mtime_ns for e in again] == times
    assert [e.audio.read_bytes() for e in elsewhere] == [e.audio.read_bytes() for e in first[1:]]


def test_only_sound_and_id_change(clips, tmp_path):
    changed = conditioned(clips, CURVES["speed"][0], tmp_path)
    for before, after in zip(clips, changed, strict=True):
        assert after.seconds == pytest.approx(before.seconds / 0.6, rel=0.01)
        same = {"id": before.id, "audio": before.audio, "seconds": before.seconds}
        assert replace(after, **same) == before


def test_ids_name_the_sound(clips, tmp_path):
    rolled = clips[1:] + clips[:1]
    lists = [
        conditioned(clips, SILENCE, tmp_path),
        conditioned(clips, NOISE, tmp_path),
        conditioned(clips, ANOTHER_CLIP, tmp_path, rolled),
        conditioned(clips, ANOTHER_CLIP, tmp_path, rolled[1:] + rolled[:1]),
    ]
    assert len({e.id for own in lists for e in own}) == 4 * len(clips)


def test_another_clip_is_heard(clips, tmp_path):
    others = clips[1:] + clips[:1]
    for example, other in zip(
        conditioned(clips, ANOTHER_CLIP, tmp_path, others), others, strict=True
    ):
        assert np.allclose(read_audio(example.audio), read_audio(other.audio), atol=1e-4)


def test_unreadable_clips_are_named(clips):
    lost = replace(clips[1], audio=Path("nowhere.wav"))
    usable, dropped = readable([clips[0], lost, clips[2]])
    assert usable == [clips[0], clips[2]]
    assert [d.id for d in dropped] == [lost.id]
    assert "nowhere.wav: no such file" in dropped[0].reason


@pytest.mark.parametrize("condition", [ANOTHER_SPEAKER, ACCENT], ids=lambda c: c.name)
def test_clips_are_spoken_again(clips, condition, tmp_path):
    texts = ["kaheksa minutit", "kolmapäev", "Soome ja Norra"]
    spoken = speak_again(clips, texts, condition, tmp_path / "a")
    again = speak_again(clips, texts, condition, tmp_path / "b")
    sounds = [[read_audio(e.audio) for e in own] for own in (spoken, again)]
    assert all(np.array_equal(a, b) for a, b in zip(*sounds, strict=True))
    assert [e.seconds * 16_000 for e in spoken] == [len(s) for s in sounds[0]]
    assert [e.target_text for e in spoken] == [e.target_text for e in clips]


def test_voice_and_accent_change_the_sound_of_a_text(clips, tmp_path):
    text = ["kaheksa minutit"]
    made = [
        read_audio(speak_again(clips[:1], text, c, tmp_path)[0].audio)
        for c in (ANOTHER_SPEAKER, ACCENT)
    ]
    assert len({s.tobytes() for s in made}) == 2


def test_an_accent_is_of_another_language_of_the_script():
    accents = {code: accent_of(code) for code, row in LANGUAGES.items() if row.voice}
    assert (accents["eng"], accents["hin"], accents["jpn"]) == ("fra", "mar", None)
    for code, other in accents.items():
        assert other is None or (other != code and LANGUAGES[other].voice)


def test_an_accent_without_a_voice_is_refused(clips, tmp_path):
    with pytest.raises(ValueError, match="no voice of another language reads jpn"):
        speak_again([replace(clips[0], source="jpn")], ["日本"], ACCENT, tmp_path)
