"""Long audio: each segment's answer is parsed by itself, and all that was written is kept."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from lib.corpora.audio import read_audio
from lib.data.collate import Collator
from lib.data.segments import segment
from lib.decoding import decode_segmented
from lib.models.protocol import Hypothesis, Search
from lib.systems.load import load_system
from lib.utterance import SAMPLING_RATE
from tests.systems.llm_srt.cases import with_recipe

pytestmark = pytest.mark.slow  # it trains

RIGHT = "one day<|eng|><|deu|>ein Tag"
ANSWERS = (  # of segments in turn; their translations
    (RIGHT, "ein Tag"),
    ("one day<|eng|><|fra|>un jour", ""),
    ("two days<|eng|><|deu|>zwei Tage", "zwei Tage"),
    ("three days", ""),
)


@pytest.fixture(scope="module")
def long(llm_srt, srt_trained, tmp_path_factory):
    """All English test clips with half a second between them, as one clip."""
    path = tmp_path_factory.mktemp("recordings") / "long.wav"
    test = [e for e in llm_srt.test_examples(srt_trained("srt")) if e.source == "eng"]
    pause = (0, SAMPLING_RATE // 2)
    samples = np.concatenate([np.pad(read_audio(e.audio), pause) for e in test])
    soundfile.write(path, samples, SAMPLING_RATE)
    first = next(e for e in test if e.target == "deu")
    return replace(first, id="long", audio=path, seconds=len(samples) / SAMPLING_RATE)


@pytest.fixture
def answering(srt_trained, monkeypatch):
    """The trained model, whose answers are those of `ANSWERS` in the order of segments."""
    model = srt_trained("srt").model

    def generate(batch, _search):
        made = []
        for example in batch.examples:
            number = int(example.id.partition("#")[2] or 0) % len(ANSWERS)
            text = ANSWERS[number][0]
            made.append([Hypothesis(id=example.id, text=text, tokens=2, score=0.0, ending="end")])
        return made

    monkeypatch.setattr(model, "generate", generate)
    return model


def expected(parts):
    """Answers of the segments by the number in their id."""
    numbers = [int(part.id.partition("#")[2]) % len(ANSWERS) for part in parts]
    return [ANSWERS[number] for number in numbers]


def test_only_segments_of_the_right_form_are_joined(llm_srt, srt_trained, answering, long):
    limit = long.seconds / 3.5
    short = with_recipe(llm_srt, max_test_seconds=limit, beams=1)
    parts = segment(long, limit)
    (found,) = short._decode(srt_trained("srt"), [long], Search(beams=1), False).hypotheses
    assert len(parts) >= 4
    assert found.parts == len(parts)
    wanted = expected(parts)
    assert found.text == " ".join(translation for _, translation in wanted if translation)
    assert found.written == "\n".join(written for written, _ in wanted)


def test_a_clip_of_one_segment_keeps_its_answer(llm_srt, srt_trained, answering):
    clip = llm_srt.test_examples(srt_trained("srt"))[0]
    decoded = llm_srt._decode(srt_trained("srt"), [clip], Search(beams=1), False)
    assert [(h.text, h.written) for h in decoded.hypotheses] == [("ein Tag", RIGHT)]


def test_without_the_systems_parser_all_is_text(answering, long):
    """So it is the parser that takes the translations out."""
    collate = Collator(answering, answering.feature_extractor(30.0))
    (found,) = decode_segmented(answering, [long], collate, Search(beams=1), long.seconds / 3.5)
    assert found.text.startswith(RIGHT)


def test_a_loaded_system_translates_each_segment_of_a_file(srt_trained, long, monkeypatch):
    loaded = load_system(srt_trained("srt").folder)
    loaded.card["model"]["max_seconds"] = long.seconds / 3.5

    def generate(batch, _search):
        return [
            [Hypothesis(id=e.id, text=RIGHT, tokens=2, score=0.0, ending="end")]
            for e in batch.examples
        ]

    monkeypatch.setattr(loaded.model, "generate", generate)
    (found,) = loaded.translate([long.audio], source="eng", target="deu")
    assert len(found.segments) >= 4
    assert {part.text for part in found.segments} == {"ein Tag"}
    assert found.text == " ".join(["ein Tag"] * len(found.segments))
