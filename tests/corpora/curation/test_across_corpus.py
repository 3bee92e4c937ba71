"""Checks that compare utterances: duplicates, leaks, speaking rates, speakers and voices."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lib.corpora.audio_stats import AudioStats, AudioStatsCache, Header
from lib.corpora.curation.across_corpus import long_enough
from lib.corpora.curation.rules import Rules
from tests.corpora.curation.corpora import ANY_LANGUAGE, NO_AUDIO, curated, kept, steps, utterance
from tests.corpora.curation.planted import voice


@pytest.mark.parametrize(
    "normalized, code, long",
    [
        ("one two three", "eng", True),
        ("thank you", "eng", False),
        ("非常感谢您", "zho", False),
        ("非常感谢你们", "zho", True),
    ],
)
def test_short_sentences_may_be_in_several_splits(normalized, code, long):
    assert long_enough(normalized, code, Rules()) == long


def test_sentence_of_test_is_dropped_from_dev_and_train(tmp_path):
    splits = {"a": "train", "b": "dev", "c": "test", "d": "train"}
    listed = [
        utterance(tmp_path, name, "this very sentence leaks", split)
        for name, split in splits.items()
    ]
    corpus = curated(tmp_path, listed)
    assert kept(corpus) == ["c"]
    assert set(steps(corpus).values()) == {"overlap"}
    problems = {finding.id: finding.problem for finding in corpus.findings()}
    assert problems["a"] == "its sentence is also in dev, b:1"


def test_sentence_of_dev_is_dropped_from_train(tmp_path):
    listed = [
        utterance(tmp_path, "a", "Only dev, has THIS!", "dev"),
        utterance(tmp_path, "b", "only dev has this"),
    ]
    assert kept(curated(tmp_path, listed)) == ["a"]


def test_sentence_of_a_held_out_file_is_dropped_from_train_and_dev(tmp_path):
    (tmp_path / "test.txt").write_text("Held out, as it is.\n")
    listed = [
        utterance(tmp_path, name, "held out as it is", split)
        for name, split in (("a", "train"), ("b", "test"))
    ]
    listed.append(utterance(tmp_path, "c", split="dev", texts={"eng": "held out as it is!"}))
    rules = replace(NO_AUDIO, held_out=(str(tmp_path / "test.txt"),))
    assert kept(curated(tmp_path, listed, rules)) == ["b"]


def leaking_translation(folder):
    return [
        utterance(folder, "a", texts={"eng": "one thing or other", "fra": "une phrase qui fuit"}),
        utterance(
            folder,
            "b",
            split="test",
            texts={"eng": "something else here", "fra": "Une phrase qui fuit."},
        ),
        utterance(folder, "c", "thank you"),
        utterance(folder, "d", "thank you", split="test"),
    ]


def test_translation_leaks_too(tmp_path):
    assert steps(curated(tmp_path, leaking_translation(tmp_path))) == {"a": "overlap"}


def test_short_sentences_leak_if_the_rules_say_so(tmp_path):
    rules = replace(NO_AUDIO, min_overlap_words=1)
    corpus = curated(tmp_path, leaking_translation(tmp_path), rules)
    assert steps(corpus) == {"a": "overlap", "c": "overlap"}


def shared_speaker(folder):
    return [
        utterance(folder, "a", speaker="x"),
        utterance(folder, "b", speaker="y"),
        utterance(folder, "c", split="test", speaker="x"),
    ]


def test_shared_speaker_is_noted(tmp_path):
    corpus = curated(tmp_path, shared_speaker(tmp_path))
    (noted,) = corpus.findings("noted")
    assert noted.problem == "speaker 'x' is in several splits: 1 in train, 1 in test"
    assert len(corpus.store) == 3


def test_shared_speaker_is_dropped_from_train_if_the_rules_say_so(tmp_path):
    rules = replace(NO_AUDIO, shared_speakers="drop")
    assert steps(curated(tmp_path, shared_speaker(tmp_path), rules)) == {"a": "speaker"}


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
            AudioStats(
                seconds=2.0,
                level_db=-20.0,
                clipped_share=0.0,
                pitch_hz=float(pitches[Path(path).stem]),
                hash=f"{number:x}1",
            )
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


def test_many_shared_speakers_are_fast(tmp_path):
    listed = [
        utterance(tmp_path, f"u{n}", split="train" if n % 2 else "test", speaker=f"s{n // 2}")
        for n in range(3000)
    ]
    started = time.monotonic()
    corpus = curated(tmp_path, listed, replace(NO_AUDIO, max_repeats=0))
    assert time.monotonic() - started < 10
    assert sum(finding.step == "speaker" for finding in corpus.findings()) == 1500
