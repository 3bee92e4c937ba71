"""What a corpus gives, counted on a corpus of a few lines."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from lib.corpora.coverage import split_sizes, vocabulary
from lib.utterance import Corpus, Utterance


def utterance(split, seconds, speaker, **texts):
    return Utterance(
        id=f"{split}-{seconds}",
        audio=Path("a.wav"),
        seconds=seconds,
        language="mdw",
        speaker=speaker,
        split=split,
        texts=texts,
    )


CORPUS = Corpus(
    name="x",
    utterances=[
        utterance("train", 2.0, "ann", mdw="wa obia", fra="Il a dit, il a vu."),
        utterance("train", 4.0, "ann", mdw="wa wa", zho="我 我"),
        utterance("train", 6.0, "bob", mdw=""),
        utterance("test", 3.0, "cat", mdw="WA! súbhu obia swéngé", zho="我们"),
    ],
    hash="",
    synthetic=False,
    licence="",
)


def test_splits_are_measured():
    train, test = split_sizes(CORPUS)
    assert (train.split, train.clips, train.minutes, train.speakers) == ("train", 3, 0.2, 2)
    assert (train.median_seconds, train.longest_seconds) == (4.0, 6.0)
    assert (test.split, test.speakers, test.new_speakers) == ("test", 1, 1)


def test_an_undeclared_speaker_is_none():
    unknown = replace(CORPUS, utterances=[replace(u, speaker="") for u in CORPUS.utterances])
    assert [(row.speakers, row.new_speakers) for row in split_sizes(unknown)] == [(0, 0), (0, 0)]


def test_words_are_counted_without_capitals_and_punctuation():
    found = vocabulary(CORPUS, "mdw")
    assert (found.running, found.distinct, found.once) == (4, 2, 0.5)
    assert found.unseen == 0.5  # súbhu and swéngé


def test_chinese_is_counted_by_character():
    found = vocabulary(CORPUS, "zho")
    assert (found.running, found.distinct, found.unseen) == (2, 1, 0.5)


def test_a_test_set_without_text_has_no_share():
    assert math.isnan(vocabulary(CORPUS, "fra").unseen)


@pytest.mark.parametrize("code", ["deu", "eng"])
def test_a_language_without_text_has_no_vocabulary(code):
    assert vocabulary(CORPUS, code) is None
