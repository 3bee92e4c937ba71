from dataclasses import replace

import numpy as np
import pytest
import soundfile

from lib.corpora.audio import BadAudio, split_media_fragment
from lib.data.segments import join_texts, segment, split_at_pauses, split_with_overlap
from lib.tasks import MT, ST, examples
from lib.utterance import media_fragment

RATE = 16000


def bursts(seconds, pause=0.4):
    """Noise of the given lengths with silence after each; and the spans of silence."""
    rng, parts, pauses, time = np.random.default_rng(0), [], [], 0.0
    for length in seconds:
        parts += [rng.standard_normal(int(length * RATE)) * 0.1, np.zeros(int(pause * RATE))]
        pauses.append((time + length, time + length + pause))
        time += length + pause
    return np.concatenate(parts).astype(np.float32), pauses


@pytest.fixture(scope="module")
def speech():
    return bursts([3, 4, 2, 5, 3, 3, 4])


@pytest.fixture(scope="module")
def spans(speech):
    return split_at_pauses(speech[0], 10.0)


def lengths(spans):
    return [end - start for start, end in spans]


def test_segments_cover_the_recording(speech, spans):
    samples, _ = speech
    assert len(spans) > 2
    assert spans[0][0] == 0
    assert spans[-1][1] == len(samples) / RATE


def test_segments_are_adjacent(spans):
    ends, starts = [end for _, end in spans[:-1]], [start for start, _ in spans[1:]]
    assert ends == starts


def test_cuts_fall_into_pauses(speech, spans):
    _, pauses = speech
    inside = [any(start <= cut <= end for start, end in pauses) for _, cut in spans[:-1]]
    assert all(inside)


@pytest.mark.parametrize("seconds", [9.99, 10.0, 10.2, 14.9, 15.1, 20.1, 61.3])
def test_no_segment_is_too_long_or_too_short(seconds):
    noise = np.random.default_rng(1).standard_normal(int(seconds * RATE)).astype(np.float32)
    found = lengths(split_at_pauses(noise, 10.0))
    assert max(found) <= 10.0
    assert min(found) > 3.0
    assert sum(found) == pytest.approx(seconds, abs=1e-3)


def test_overlapping_segments_cover_the_recording():
    spans = split_with_overlap(61.3, 10.0, 2.0)
    assert spans[0][0] == 0
    assert spans[-1][1] == pytest.approx(61.3)
    assert max(lengths(spans)) <= 10.0


def test_neighbours_share_the_overlap():
    spans = split_with_overlap(61.3, 10.0, 2.0)
    shared = [left[1] - right[0] for left, right in zip(spans, spans[1:], strict=False)]
    assert shared == pytest.approx([2.0] * len(shared))


def test_a_short_recording_is_one_segment():
    assert split_with_overlap(9.0, 10.0, 2.0) == [(0.0, 9.0)]


def test_an_overlap_of_half_a_segment_is_refused():
    with pytest.raises(ValueError, match="less than half"):
        split_with_overlap(61.3, 10.0, 5.0)


@pytest.mark.parametrize(
    "texts, code, overlap, expected",
    [
        (["a b", "c d"], "eng", False, "a b c d"),
        (["the cat sat on", "sat on the mat"], "eng", True, "the cat sat on the mat"),
        (
            ["the cat sat on a wall th", "wall and slept"],
            "eng",
            True,
            "the cat sat on a wall and slept",
        ),
        (["one two three", "four five six"], "eng", True, "one two three four five six"),
        (["no no no", "no no no"], "eng", False, "no no no no no no"),
        (["今天天气很", "气很好"], "zho", True, "今天天气很好"),
        (["", "a"], "eng", True, "a"),
    ],
)
def test_join_texts(texts, code, overlap, expected):
    assert join_texts(texts, code, overlap) == expected


@pytest.fixture(scope="module")
def example(corpus, speech, tmp_path_factory):
    """An example of 26.8 s with pauses."""
    samples, _ = speech
    path = tmp_path_factory.mktemp("segments") / "long.wav"
    soundfile.write(path, samples, RATE)
    (first, *_) = examples(corpus.split("test", "est"), ST, "eng")
    return replace(first, id="long", audio=path, seconds=len(samples) / RATE)


def test_segments_of_an_example_are_parts_of_its_file(example, spans):
    parts = segment(example, 10.0)
    fragments = [split_media_fragment(part.audio) for part in parts]
    assert [part.id for part in parts] == [f"long#{index}" for index in range(len(spans))]
    assert {file for file, _, _ in fragments} == {example.audio}
    times = np.array([(start, end) for _, start, end in fragments])
    assert times == pytest.approx(np.array(spans), abs=1e-3)
    assert [part.seconds for part in parts] == pytest.approx(lengths(spans))


def test_a_segment_of_a_fragment_is_a_fragment_of_the_file(example):
    seconds = example.seconds - 1
    later = replace(example, audio=media_fragment(example.audio, 1.0, seconds + 1), seconds=seconds)
    assert str(segment(later, 10.0)[0].audio).startswith(f"{example.audio}#t=1.000,")


def test_segments_with_an_overlap(example):
    parts = segment(example, 10.0, overlap_seconds=2.0)
    assert sum(part.seconds for part in parts) > example.seconds


def test_a_short_example_is_its_own_segment(example):
    assert segment(example, 30.0) == [example]


def test_a_text_is_its_own_segment(corpus):
    (text, *_) = examples(corpus.split("test", "est"), MT, "eng")
    assert segment(replace(text, seconds=99.0), 1.0) == [replace(text, seconds=99.0)]


def test_unreadable_audio_cannot_be_cut(example, tmp_path):
    with pytest.raises(BadAudio, match="no.wav"):
        segment(replace(example, audio=tmp_path / "no.wav"), 10.0)
