from pathlib import Path

import pytest

from lib.utterance import Corpus, Finding, Utterance, media_fragment


def utterance(id, split="train", language="est", seconds=1800.0, start=None):
    return Utterance(
        id=id,
        audio=Path("talk.wav"),
        seconds=seconds,
        language=language,
        speaker="x",
        split=split,
        texts={language: "tere"},
        start=start,
    )


@pytest.fixture
def corpus():
    rows = [utterance("a"), utterance("b", language="eng"), utterance("c", split="test")]
    return Corpus(name="own", utterances=rows, hash="0", synthetic=False, licence="CC0-1.0")


def test_a_media_fragment_has_milliseconds():
    assert media_fragment(Path("talk.wav"), 12.5, 16.0) == Path("talk.wav#t=12.500,16.000")


@pytest.mark.parametrize("start, sound", [(None, "talk.wav"), (1.5, "talk.wav#t=1.500,3.500")])
def test_sound_is_the_file_or_its_part(start, sound):
    assert utterance("a", seconds=2.0, start=start).sound == Path(sound)


@pytest.mark.parametrize("language, ids", [(None, ["a", "b"]), ("eng", ["b"])])
def test_split_selects_by_split_and_language(corpus, language, ids):
    assert [u.id for u in corpus.split("train", language)] == ids


def test_an_empty_split_is_refused(corpus):
    with pytest.raises(ValueError, match="'own' has no 'test' utterance in 'eng'; it has"):
        corpus.split("test", "eng")


@pytest.mark.parametrize("split, language, hours", [(None, None, 1.5), ("train", "est", 0.5)])
def test_hours(corpus, split, language, hours):
    assert corpus.hours(split, language) == hours


def test_the_reason_of_a_finding_is_one_sentence():
    found = Finding(step="line", origin="a.tsv:2", problem="names no clip", remedy="delete it")
    assert found.reason == "a.tsv:2: names no clip; delete it"
