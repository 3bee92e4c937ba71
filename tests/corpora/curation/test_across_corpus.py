"""Checks that compare utterances: duplicates, speaking rates, voices, repeated translations."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lib.corpora.audio_stats import AudioStatsCache, Header
from tests.corpora.curation.corpora import (
    ANY_LANGUAGE,
    NO_AUDIO,
    STATS,
    curated,
    kept,
    steps,
    utterance,
)
from tests.corpora.curation.planted import voice


def repeated_sentence(folder, split="train"):
    speakers = {"a": "x", "b": "x", "c": "y", "d": "", "e": ""}
    return [
        utterance(folder, name, "the same words once more", split, speaker=speaker)
        for name, speaker in speakers.items()
    ]


def test_sentence_repeated_by_its_speaker_is_dropped(tmp_path):
    assert steps(curated(tmp_path, repeated_sentence(tmp_path))) == {"b": "duplicate"}


def test_any_number_of_repeats_is_kept_if_the_rules_say_so(tmp_path):
    rules = replace(NO_AUDIO, max_repeats=0)
    assert steps(curated(tmp_path, repeated_sentence(tmp_path), rules)) == {}


def test_repeated_sentence_of_test_is_noted(tmp_path):
    corpus = curated(tmp_path, repeated_sentence(tmp_path, "test"))
    assert len(corpus.store) == 5
    assert steps(corpus, "noted") == {"b": "duplicate"}


@pytest.fixture
def same_audio(tmp_path):
    """Of d.wav: two questions, one of them twice, and another transcript. a and b are equal."""
    for name in "ab":
        voice(tmp_path / f"{name}.wav", 1.0, 150.0, seed=7)
    voice(tmp_path / "d.wav", 1.0, 170.0)
    d = utterance(tmp_path, "d", seconds=1.0, question="who")
    listed = [
        utterance(tmp_path, "a", seconds=1.0),
        utterance(tmp_path, "b", split="test", seconds=1.0),
        d,
        replace(d, id="e", origin="e:1", question="what"),
        replace(d, id="f", origin="f:1", question="what"),
        replace(d, id="g", origin="g:1", texts={"eng": "quite another transcript"}),
    ]
    return curated(tmp_path, listed, ANY_LANGUAGE)


def test_repeated_audio_is_dropped_unless_it_is_a_test_clip_or_another_question(same_audio):
    assert kept(same_audio) == ["b", "d", "e"]
    assert set(steps(same_audio).values()) == {"duplicate"}


def test_findings_about_repeated_audio_name_the_first(same_audio):
    problems = {finding.id: finding.problem for finding in same_audio.findings("dropped")}
    assert problems["a"] == "same audio, with other text, as b:1"
    assert problems["f"] == "same audio and text as e:1"
    assert problems["g"].startswith("same audio, with other text, as")


@pytest.fixture
def odd_rates(tmp_path):
    rng = np.random.default_rng(0)
    listed = [
        utterance(tmp_path, f"u{n}", f"a sentence number {n:03d}", seconds=float(seconds))
        for n, seconds in enumerate(rng.uniform(1.5, 2.5, 60))
    ]
    slow = utterance(tmp_path, "slow", seconds=29.0)
    fast = utterance(tmp_path, "fast", "words " * 40, split="test", seconds=1.0)
    return curated(tmp_path, [*listed, slow, fast])


def test_odd_speaking_rate_is_dropped_from_train(odd_rates):
    assert steps(odd_rates) == {"slow": "speaking rate"}


def test_odd_speaking_rate_is_noted_in_test(odd_rates):
    assert steps(odd_rates, "noted") == {"fast": "speaking rate"}


def curate_pitches(folder, monkeypatch, semitones):
    """Curate clips of one speaker; `semitones` are above 110 Hz."""
    names = [f"u{number}" for number in range(len(semitones))]
    pitches = dict(zip(names, 110 * 2 ** (semitones / 12), strict=True))
    header = Header(seconds=2.0, declared_seconds=2.0, sampling_rate=16000, channels=1)

    def stats(self, paths):
        return [
            replace(STATS, pitch_hz=float(pitches[Path(path).stem]), hash=f"{number:x}1")
            for number, path in enumerate(paths)
        ]

    monkeypatch.setattr(AudioStatsCache, "headers", lambda self, paths: [header] * len(paths))
    monkeypatch.setattr(AudioStatsCache, "stats", stats)
    listed = [utterance(folder, name, speaker="x") for name in names]
    return list(curated(folder, listed, ANY_LANGUAGE).findings("noted"))


def two_groups(spread, distance):
    rng = np.random.default_rng(1)
    return np.concatenate([rng.normal(0, spread, 30), rng.normal(distance, spread, 15)])


def test_two_voices_under_one_name_are_noted(tmp_path, monkeypatch):
    low, high = curate_pitches(tmp_path, monkeypatch, two_groups(1.0, 12.0))
    assert low.problem.startswith("one of two voices under the name 'x': near 1")
    assert high.problem.startswith("one of two voices under the name 'x': near 2")


@pytest.mark.parametrize("spread, distance", [(1.0, 4.0), (4.0, 0.0), (4.0, 8.0)])
def test_lively_voice_is_one(tmp_path, monkeypatch, spread, distance):
    assert curate_pitches(tmp_path, monkeypatch, two_groups(spread, distance)) == []


def copied_down(folder, transcripts, translation):
    return [
        utterance(folder, f"u{n}", texts={"eng": words, "fra": translation})
        for n, words in enumerate(transcripts)
    ]


MANY = [f"a sentence of its own {n}" for n in range(10)]


def test_one_translation_of_many_transcripts_is_noted_once(tmp_path):
    listed = copied_down(tmp_path, MANY, "une seule phrase")
    (noted,) = curated(tmp_path, listed).findings("noted")
    assert (noted.id, noted.step) == ("u0", "text")
    assert noted.problem == "its translation is that of 10 different transcripts"


@pytest.mark.parametrize(
    "transcripts, translation",
    [
        (MANY[:9], "une seule phrase"),
        (MANY[:2] * 9, "une seule phrase"),  # one sentence by many speakers
        (MANY, "merci beaucoup"),  # short
        ([""] * 20, "une seule phrase"),  # without transcripts
    ],
)
def test_repeated_translation_may_be_right(tmp_path, transcripts, translation):
    listed = copied_down(tmp_path, transcripts, translation)
    listed = [replace(u, texts={c: t for c, t in u.texts.items() if t}) for u in listed]
    assert steps(curated(tmp_path, listed), "noted") == {}


def test_one_translation_of_many_languages_is_right(tmp_path):
    codes = "deu fra spa ita por cat nld est gle mlt que swa".split()
    listed = [
        utterance(
            tmp_path, c, language=c, texts={c: f"phrase en {c} alors", "eng": "it is one text"}
        )
        for c in codes
    ]
    assert steps(curated(tmp_path, listed), "noted") == {}


def test_a_speaker_may_say_a_sentence_in_two_languages(tmp_path):
    texts = {"eng": "one two three", "fra": "un deux trois"}
    listed = [utterance(tmp_path, code, language=code, texts=texts, speaker="x") for code in texts]
    assert steps(curated(tmp_path, listed)) == {}
