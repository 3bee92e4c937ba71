from dataclasses import replace

import numpy as np
import pytest
import soundfile

from lib.corpora.audio import read_audio
from lib.data.segments import at_pauses, joined, parts, windows
from lib.decoding import Search, decode, decode_in_parts
from lib.tasks import Task, examples
from lib.utterance import part

RATE = 16000


def bursts(lengths, pause=0.4):
    """Noise of so many seconds each, with silence between; and where the silences are."""
    rng, made, pauses, at = np.random.default_rng(0), [], [], 0.0
    for length in lengths:
        made += [rng.standard_normal(int(length * RATE)) * 0.1, np.zeros(int(pause * RATE))]
        pauses.append((at + length, at + length + pause))
        at += length + pause
    return np.concatenate(made).astype(np.float32), pauses


def test_cuts_fall_into_pauses_and_nothing_is_lost():
    samples, pauses = bursts([3, 4, 2, 5, 3, 3, 4])
    spans = at_pauses(samples, 10.0)
    assert spans[0][0] == 0 and spans[-1][1] == len(samples) / RATE and len(spans) > 2
    assert all(end == start for (_, end), (start, _) in zip(spans, spans[1:], strict=False))
    assert all(0 < end - start <= 10.0 for start, end in spans)
    for _, cut in spans[:-1]:
        assert any(start <= cut <= end for start, end in pauses), cut


@pytest.mark.parametrize("seconds", [9.99, 10.0, 10.2, 14.9, 15.1, 20.1, 61.3])
def test_no_part_is_too_long_or_too_short(seconds):
    spans = at_pauses(np.random.default_rng(1).standard_normal(int(seconds * RATE)).astype(np.float32), 10.0)
    lengths = [end - start for start, end in spans]
    assert max(lengths) <= 10.0 and sum(lengths) == pytest.approx(seconds, abs=1e-3)
    assert min(lengths) > 3.0


def test_windows_overlap_and_cover():
    spans = windows(61.3, 10.0, 2.0)
    assert spans[0][0] == 0 and spans[-1][1] == pytest.approx(61.3) and max(b - a for a, b in spans) <= 10.0
    assert all(left[1] - right[0] == pytest.approx(2.0) for left, right in zip(spans, spans[1:], strict=False))
    assert windows(9.0, 10.0, 2.0) == [(0.0, 9.0)]
    with pytest.raises(ValueError, match="less than half"):
        windows(61.3, 10.0, 5.0)


@pytest.mark.parametrize(
    "texts, code, overlap, whole",
    [
        (["a b", "c d"], "eng", False, "a b c d"),
        (["the cat sat on", "sat on the mat"], "eng", True, "the cat sat on the mat"),
        (["the cat sat on a wall th", "wall and slept"], "eng", True, "the cat sat on a wall and slept"),
        (["one two three", "four five six"], "eng", True, "one two three four five six"),
        (["no no no", "no no no"], "eng", False, "no no no no no no"),
        (["今天天气很", "气很好"], "zho", True, "今天天气很好"),
        (["", "a"], "eng", True, "a"),
    ],
)
def test_joining(texts, code, overlap, whole):
    assert joined(texts, code, overlap) == whole


def test_a_long_clip_is_decoded_in_parts_and_nothing_is_cut_off(model, collate, corpus, tmp_path):
    short = examples(corpus.split("test", "est"), Task.ST, "eng")[:3]
    sounds = [np.pad(read_audio(e.audio), (0, RATE // 2)) for e in short]
    soundfile.write(tmp_path / "long.wav", np.concatenate(sounds), RATE)
    seconds = sum(map(len, sounds)) / RATE
    long = replace(short[0], id="long", audio=tmp_path / "long.wav", seconds=seconds)
    search = Search(1, longest=6)
    together = decode_in_parts(model, [short[1], long], collate, search, longest=seconds / 2.2)
    pieces = parts(long, seconds / 2.2)
    alone = [h.text for h in decode(model, pieces, collate, search)]
    assert [h.id for h in together] == [short[1].id, "long"] and together[0].parts == 1 < together[1].parts == len(pieces)
    assert together[1].text == joined(alone, "eng") and not collate.ears.cut
    assert together[0].text == decode(model, [short[1]], collate, search)[0].text
    later = replace(long, audio=part(long.audio, 1.0, seconds), seconds=seconds - 1)
    assert str(parts(later, seconds / 2.2)[0].audio).startswith(
        f"{tmp_path}/long.wav#t=1.000,"
    )  # a part of a part is a part of the file


def test_what_cannot_be_cut_is_unheard(model, collate, corpus, tmp_path):
    long = replace(examples(corpus.split("test", "est"), Task.ST, "eng")[0], id="gone", audio=tmp_path / "no.wav", seconds=99.0)
    (said,) = decode_in_parts(model, [long], collate, Search(1, longest=6), longest=45.0)
    assert said.ending == "unheard" and "no.wav" in collate.dropped["gone"].reason
