import pytest

from lib.display.clip_views import (
    file_outputs,
    first_outputs,
    ranked_clips,
    transcripts,
    utterance_clips,
)
from lib.utterance import Utterance
from tests.corpora.sources.trees import tone
from tests.display.outputs import MARKUP, is_escaped, output_rows, references


@pytest.fixture
def utterance(tmp_path):
    return Utterance(
        id="a",
        audio=tone(tmp_path / "talk.wav", 3.0),
        seconds=0.5,
        language="est",
        speaker="Ann",
        split="test",
        texts={"est": "tere", "eng": "hello"},
        start=1.25,
    )


def test_a_part_of_a_recording_is_played_alone(utterance):
    (path,) = utterance_clips([utterance], "caption").audio
    assert path.name == "talk.wav#t=1.250,1.750"


def test_clips_show_their_transcript(utterance):
    (row,) = utterance_clips([utterance], "caption").rows
    assert row == {"language": "Estonian", "transcript": "tere", "voice": "Ann", "seconds": 0.5}


def test_clips_show_a_translation_on_request(utterance):
    (row,) = utterance_clips([utterance], "caption", target="eng").rows
    assert row["English"] == "hello"


def test_transcripts_stand_beside_outputs(utterance):
    assert "<td>tere</td><td>teree</td>" in transcripts([utterance], ["teree"], "CTC").body


def test_every_utterance_needs_an_output(utterance):
    with pytest.raises(ValueError, match="shorter"):
        transcripts([utterance], [], "CTC")


def test_the_first_outputs_are_counted():
    body = first_outputs(output_rows("asr", task="ASR"), count=3).body
    assert body.startswith("<p>The first 3 of 24 test clips.</p>")


def test_outputs_are_escaped():
    rows = output_rows("asr", task="ASR", hypotheses=[MARKUP] * 24)
    assert is_escaped(first_outputs(rows).body)


@pytest.fixture
def ranked(tmp_path):
    audio = str(tone(tmp_path / "a.wav"))
    texts = references()
    hypotheses = texts[:8] + [text[: len(text) // 2] for text in texts[8:16]] + ["zzz"] * 8
    return ranked_clips(output_rows("direct", hypotheses=hypotheses, audio=audio), 6)


def test_clips_are_ranked_by_score(ranked):
    scores = [row["chrF++"] for row in ranked.rows]
    assert scores == sorted(scores, reverse=True)


def test_the_best_clip_comes_first(ranked):
    assert ranked.rows[0]["chrF++"] == 100.0


def test_the_worst_clip_comes_last(ranked):
    assert ranked.rows[-1]["chrF++"] < 10


def test_the_caption_counts_the_clips(ranked):
    assert ranked.caption == "6 of 24 test clips by chrF++: best, middle, worst"


def test_ranked_clips_are_escaped(tmp_path):
    audio = str(tone(tmp_path / "a.wav"))
    rows = output_rows("direct", hypotheses=[MARKUP] * 24, audio=audio)
    assert is_escaped(ranked_clips(rows, 6).to_html())


def test_files_stand_beside_their_outputs(tmp_path):
    clips = file_outputs([str(tmp_path / "talk.wav")], ["hello"])
    assert clips.rows == [{"file": "talk.wav", "output": "hello"}]


def test_every_file_needs_an_output(tmp_path):
    with pytest.raises(ValueError, match="shorter"):
        file_outputs([tmp_path / "talk.wav"], [])
