"""Distances between languages, on texts of the phrasebook."""

from pathlib import Path

import pytest

from lib.corpora.phonemes import phonemes
from lib.corpora.phrasebook import TINY_BREADTH, Phrasebook
from lib.systems.zero_resource.distances import (
    ITEMS,
    LEAST_ITEMS,
    distances,
    lexical_distance,
    parallel_sentences,
    phonetic_distance,
)
from lib.utterance import Corpus, Utterance

CODES = ("cat", "spa", "deu", "nld", "eng")
PAIRS = [("cat", "spa"), ("cat", "deu"), ("eng", "deu"), ("nld", "cat")]


@pytest.fixture(scope="module")
def sentences():
    book = Phrasebook(spoken=CODES, written=(), train=0, dev=0, test=0, breadth=TINY_BREADTH)
    return book.sentences(150)


@pytest.fixture(scope="module")
def texts(sentences):
    return {code: [sentence[code] for sentence in sentences] for code in CODES}


@pytest.fixture(scope="module")
def sounds(texts):
    return phonemes(texts)


# ---- words ----


def test_the_lexical_distance_of_known_words():
    """One letter of three differs, and three of six; the mean is over items, not over letters."""
    assert lexical_distance(["gat", "nou"], ["gas", "nou"]) == pytest.approx(1 / 6)
    assert lexical_distance(["abc", "abcdef"], ["abx", "abcxyz"]) == pytest.approx(5 / 12)


def test_case_and_punctuation_do_not_count():
    assert lexical_distance(["Bon dia, món!"], ["bon dia món"]) == 0


def test_words_with_nothing_in_common_are_at_distance_one():
    assert lexical_distance(["abc", "de"], ["xyz", "uvw"]) == 1


def test_texts_of_unequal_number_are_refused():
    with pytest.raises(ValueError):
        lexical_distance(["a", "b"], ["a"])


# ---- sounds ----


def test_the_phonetic_distance_of_known_pairs():
    """Half of the pairs are shared: the divergence of (1/2, 1/2, 0) and (1/2, 0, 1/2) is 1/2."""
    assert phonetic_distance(["aba"], ["ab", "xy"]) == pytest.approx(0.5)


def test_sounds_with_nothing_in_common_are_at_distance_one():
    assert phonetic_distance(["abab"], ["xyxy", "z"]) == pytest.approx(1)


def test_how_much_text_there_is_does_not_matter():
    assert phonetic_distance(["abac"] * 7, ["abac"]) == pytest.approx(0)


def test_no_pair_spans_two_texts():
    assert phonetic_distance(["ab", "ab"], ["ab"]) == pytest.approx(0)


# ---- real texts ----


@pytest.mark.slow
@pytest.mark.parametrize("one, other", PAIRS)
def test_both_lie_between_0_and_1_and_are_symmetric(texts, sounds, one, other):
    for distance, given in ((lexical_distance, texts), (phonetic_distance, sounds)):
        found = distance(given[one], given[other])
        assert 0 < found < 1
        assert distance(given[other], given[one]) == pytest.approx(found)


@pytest.mark.slow
@pytest.mark.parametrize("code", CODES)
def test_a_language_is_at_distance_0_from_itself(texts, sounds, code):
    assert lexical_distance(texts[code], texts[code]) == 0
    assert phonetic_distance(sounds[code], sounds[code]) == pytest.approx(0, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    "code, near, far", [("cat", "spa", "deu"), ("cat", "spa", "eng"), ("nld", "deu", "spa")]
)
def test_relatives_are_nearer_in_words_and_in_sounds(texts, sounds, code, near, far):
    for distance, given in ((lexical_distance, texts), (phonetic_distance, sounds)):
        assert distance(given[code], given[near]) < distance(given[code], given[far])


# ---- to the nearest language ----


@pytest.mark.slow
def test_the_nearest_seen_language_is_named(sentences, texts, sounds):
    found, second = distances(sentences, ["cat", "nld"], ["eng", "deu", "spa"])
    assert found.code == "cat"
    assert (found.lexical_nearest, found.phonetic_nearest) == ("Spanish", "Spanish")
    assert found.lexical == lexical_distance(texts["cat"], texts["spa"])
    assert found.phonetic == phonetic_distance(sounds["cat"], sounds["spa"])
    assert (second.code, second.lexical_nearest) == ("nld", "German")


@pytest.mark.slow
def test_a_seen_language_is_not_its_own_nearest(sentences):
    (found,) = distances(sentences, ["deu"], ["eng", "deu"])
    assert (found.lexical_nearest, found.phonetic_nearest) == ("English", "English")
    assert found.lexical > 0


@pytest.mark.slow
def test_only_what_is_said_in_both_languages_is_compared(sentences, texts):
    """German lacks the first half, so that its distance is of the second one."""
    given = [
        {code: text for code, text in sentence.items() if code != "deu" or number >= 75}
        for number, sentence in enumerate(sentences)
    ]
    (found,) = distances(given, ["nld"], ["deu"])
    assert found.lexical == lexical_distance(texts["nld"][75:], texts["deu"][75:])


@pytest.mark.slow
@pytest.mark.parametrize("count, given", [(LEAST_ITEMS, True), (LEAST_ITEMS - 1, False)])
def test_too_few_items_with_one_meaning_give_no_lexical_distance(sentences, count, given):
    few = [
        {"cat": s["cat"], **({"spa": s["spa"]} if n < count else {})}
        for n, s in enumerate(sentences)
    ]
    (found,) = distances(few, ["cat"], ["spa"])
    assert (found.lexical is not None) is given
    assert found.lexical_nearest == ("Spanish" if given else "")
    assert found.phonetic_nearest == "Spanish"  # it needs no parallel texts


@pytest.mark.slow
def test_a_language_without_a_voice_has_a_lexical_distance_alone(sentences):
    """Fon has no voice; its texts here are Spanish."""
    given = [{"fon": s["spa"], "spa": s["spa"], "deu": s["deu"]} for s in sentences]
    (found,) = distances(given, ["fon"], ["spa", "deu"])
    assert (found.phonetic, found.phonetic_nearest) == (None, "")
    assert (found.lexical, found.lexical_nearest) == (0, "Spanish")


@pytest.mark.slow
def test_a_language_without_texts_has_no_distance(sentences):
    (found,) = distances(sentences, ["ita"], ["spa"])
    assert (found.phonetic, found.lexical) == (None, None)


@pytest.mark.slow
def test_so_many_items_are_compared(texts):
    """The last ones differ and are beyond the number."""
    same = [{"cat": "un gat", "spa": "un gat"}] * ITEMS
    (found,) = distances([*same, {"cat": "abc", "spa": "xyz"}], ["cat"], ["spa"])
    assert found.lexical == 0


# ---- of a corpus ----


def utterance(number, code, split="train", texts=None, meaning=None):
    return Utterance(
        id=f"{number}-{code}",
        audio=Path(f"{number}-{code}.flac"),
        seconds=2.0,
        language=code,
        speaker="x",
        split=split,
        texts={code: f"{code} {number}"} if texts is None else texts,
        meaning=f"{number}" if meaning is None else meaning,
    )


def sentences_of(*utterances):
    given = {"name": "own", "hash": "0", "synthetic": True, "licence": "CC0-1.0"}
    return parallel_sentences(Corpus(utterances=list(utterances), **given))


def test_transcripts_with_one_meaning_are_together():
    found = sentences_of(utterance(1, "cat"), utterance(2, "cat"), utterance(1, "spa"))
    assert found == [{"cat": "cat 1", "spa": "spa 1"}, {"cat": "cat 2"}]


def test_clips_without_a_meaning_are_apart():
    found = sentences_of(utterance(1, "cat", meaning=""), utterance(1, "spa", meaning=""))
    assert found == [{"cat": "cat 1"}, {"spa": "spa 1"}]


def test_neither_other_splits_nor_translations_are_taken():
    translated = utterance(1, "cat", texts={"cat": "un", "eng": "one"})
    silent = utterance(3, "cat", texts={"eng": "three"})
    found = sentences_of(
        translated, utterance(2, "cat", "test"), utterance(4, "cat", "dev"), silent
    )
    assert found == [{"cat": "un"}]


def test_texts_of_one_phoneme_have_no_phonetic_distance():
    with pytest.raises(ValueError, match="no distance"):
        phonetic_distance(["a"], ["ab"])
