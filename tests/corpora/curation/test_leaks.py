"""Test data in train: sentences, sound, parts of recordings and speakers in several splits."""

import time
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from lib.corpora.curation.leaks import _groups_of_copies, _shared_seconds
from tests.corpora.curation.corpora import ANY_LANGUAGE, NO_AUDIO, curated, kept, steps, utterance
from tests.corpora.curation.speech import RATE, speech


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


def test_many_shared_speakers_are_fast(tmp_path):
    listed = [
        utterance(tmp_path, f"u{n}", split="train" if n % 2 else "test", speaker=f"s{n // 2}")
        for n in range(3000)
    ]
    started = time.process_time()
    corpus = curated(tmp_path, listed, replace(NO_AUDIO, max_repeats=0))
    assert time.process_time() - started < 10
    assert sum(finding.step == "speaker" for finding in corpus.findings()) == 1500


@pytest.mark.parametrize(
    "one, other",
    [("Ann Lee", "ann lee"), ("ann_lee", "Ann  Lee"), ("Jose\u0301", "Jos\u00e9"), ("S 1", "s1")],
)
def test_a_speaker_spelled_two_ways_is_one(tmp_path, one, other):
    listed = [
        utterance(tmp_path, "a", speaker=one),
        utterance(tmp_path, "b", split="test", speaker=other),
    ]
    (noted,) = curated(tmp_path, listed).findings("noted")
    assert noted.problem.startswith(f"speaker {one!r} or {other!r} is in several splits")
    assert noted.origin == "a:1"
    rules = replace(NO_AUDIO, shared_speakers="drop")
    assert steps(curated(tmp_path, listed, rules)) == {"a": "speaker"}


@pytest.mark.parametrize(
    "one, other", [("1-11", "11-1"), ("s1", "s11"), ("José", "Jose"), ("?", "!")]
)
def test_speakers_of_similar_names_are_two(tmp_path, one, other):
    listed = [
        utterance(tmp_path, "a", speaker=one),
        utterance(tmp_path, "b", split="test", speaker=other),
    ]
    assert steps(curated(tmp_path, listed), "noted") == {}


def parts(folder, *spans):
    """Parts of one recording: split, start and end of each."""
    return [
        utterance(
            folder, f"{split}{n}", split=split, start=start, seconds=end - start,
            audio=folder / "talk.wav",
        )
        for n, (split, start, end) in enumerate(spans)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "train, dropped",
    [
        ((0.0, 4.0), False),
        ((3.0, 5.5), False),  # 0.5 s of 2.5
        ((3.0, 6.0), True),  # 1 s
        ((4.8, 5.2), True),  # half of it
        ((6.0, 7.0), True),  # within
        ((9.5, 14.0), False),
        ((4.0, 12.0), True),
        ((30.0, 31.0), False),
    ],
)
def test_part_that_reaches_into_test(tmp_path, train, dropped):
    listed = parts(tmp_path, ("test", 5.0, 8.0), ("train", *train), ("test", 7.5, 10.0))
    found = steps(curated(tmp_path, listed))
    assert found == ({"train1": "overlap"} if dropped else {})


def test_part_is_told_from_which_other_it_takes(tmp_path):
    listed = parts(tmp_path, ("dev", 0, 3), ("test", 20, 24), ("train", 21, 24))
    (finding,) = curated(tmp_path, listed).findings("dropped")
    assert finding.problem == "3.00 s of it are also in test, test1:1"


def test_parts_within_a_split_may_overlap(tmp_path):
    listed = parts(tmp_path, ("train", 0, 3), ("train", 1, 4), ("test", 10, 12))
    assert steps(curated(tmp_path, listed)) == {}


def test_shared_seconds_are_those_of_a_slow_count():
    rng = np.random.default_rng(2)
    for _ in range(20):
        starts = np.sort(rng.integers(0, 90, 12)).astype(float)
        ends = starts + rng.integers(1, 15, 12)
        first = rng.integers(0, 100, 30).astype(float)
        last = first + rng.integers(1, 20, 30)
        shared, position = _shared_seconds(starts, ends, first, last)
        covered = {s for a, b in zip(starts, ends, strict=True) for s in np.arange(a, b)}
        slow = [len(covered & set(np.arange(a, b))) for a, b in zip(first, last, strict=True)]
        assert shared.tolist() == slow
        touches = (starts[position] < last) & (ends[position] > first)
        assert touches[shared > 0].all()


def copies(folder, change, splits=("train", "test")):
    """Two clips, of which the first is changed, with texts of their own."""
    wave = speech(2.5, 130, 4)
    soundfile.write(folder / "a.wav", change(wave), RATE)
    soundfile.write(folder / "b.wav", wave, RATE)
    soundfile.write(folder / "c.wav", speech(2.5, 130, 5), RATE)
    return [
        utterance(folder, name, split=split, seconds=2.5)
        for name, split in zip("abc", (*splits, "test"), strict=True)
    ]


@pytest.mark.parametrize(
    "splits, outcome", [(("train", "test"), "dropped"), (("dev", "dev"), "noted")]
)
def test_quieter_copy_is_found(tmp_path, splits, outcome):
    corpus = curated(tmp_path, copies(tmp_path, lambda wave: wave / 5, splits), ANY_LANGUAGE)
    (finding,) = corpus.findings()
    assert (finding.step, finding.outcome) == ("duplicate", outcome)
    assert "at another level or rate" in finding.problem


def test_other_words_of_a_voice_are_no_copy(tmp_path):
    listed = copies(tmp_path, lambda wave: speech(2.5, 130, 6))
    assert list(curated(tmp_path, listed, ANY_LANGUAGE).findings()) == []


def test_copies_among_100_000_clips_are_found_in_seconds():
    rng = np.random.default_rng(0)
    halves = rng.integers(0, 2**63, (100_000, 2), dtype=np.uint64)
    seconds = rng.gamma(4, 1.2, 100_000).astype(np.float32)
    halves[50_000:50_100] = halves[:100] ^ np.uint64(0x0101)  # 4 bits
    seconds[50_000:50_100] = seconds[:100]
    started = time.process_time()
    groups = _groups_of_copies(halves, seconds)
    assert time.process_time() - started < 5
    assert len(np.unique(groups)) == 99_900
    assert (groups[50_000:50_100] == groups[:100]).all()
