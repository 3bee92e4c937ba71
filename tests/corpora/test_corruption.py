import random
import unicodedata

import jiwer
import pytest

from lib.corpora.corruption import (
    DELETION_SHARE,
    check_error_rate,
    corrupt,
    normalize_word,
    split_words,
    vocabulary,
)
from lib.corpora.phrasebook import ALL_OF_CLDR, Phrasebook

CODES = ("est", "eng", "zho")


@pytest.fixture(scope="module")
def sentences():
    spec = Phrasebook(
        spoken=CODES, written=("tha",), train=1, dev=1, test=1, breadth=ALL_OF_CLDR
    )
    return spec.sentences(400)


def corrupt_all(sentences, code, rate, deletion_share=DELETION_SHARE, seed="a"):
    """The texts of a language, and the same with errors."""
    texts = [sentence[code] for sentence in sentences]
    words = vocabulary(texts, code)
    rngs = [random.Random(f"{seed}/{number}") for number in range(len(texts))]
    return texts, [
        corrupt(text, words, rate, rng, deletion_share)
        for text, rng in zip(texts, rngs, strict=True)
    ]


def count_edits(texts, corrupted, code):
    """jiwer's counts, over the units of the language."""
    return jiwer.process_words(
        [" ".join(split_words(text, code)) for text in texts],
        [" ".join(split_words(text, code)) for text in corrupted],
    )


def four_sigma(rate, count):
    """Four standard deviations of a share that is measured on `count` words."""
    return 4 * (rate * (1 - rate) / count) ** 0.5


@pytest.fixture(scope="module", params=[(code, rate) for code in CODES for rate in (0.1, 0.3, 0.7)])
def edits(request, sentences):
    code, rate = request.param
    return rate, count_edits(*corrupt_all(sentences, code, rate), code)


def test_the_word_error_rate_is_the_rate(edits):
    rate, found = edits
    count = found.hits + found.substitutions + found.deletions
    assert found.wer == pytest.approx(rate, abs=four_sigma(rate, count))


def test_nothing_is_inserted(edits):
    assert edits[1].insertions == 0


def test_the_share_of_deletions(edits):
    deletions, errors = edits[1].deletions, edits[1].deletions + edits[1].substitutions
    margin = four_sigma(DELETION_SHARE, errors)
    assert deletions / errors == pytest.approx(DELETION_SHARE, abs=margin)


@pytest.fixture(scope="module", params=[*CODES, "tha"])
def all_wrong(request, sentences):
    """The code, texts and corrupted texts where every word is wrong."""
    return request.param, *corrupt_all(sentences, request.param, 1.0)


def test_at_rate_1_every_word_is_wrong(all_wrong):
    code, texts, corrupted = all_wrong
    assert count_edits(texts, corrupted, code).hits == 0


def test_at_rate_1_every_text_keeps_a_word(all_wrong):
    assert all(normalize_word(text) for text in all_wrong[2])


def test_corrupted_texts_are_nfc_with_single_spaces(all_wrong):
    normalized = [unicodedata.normalize("NFC", " ".join(text.split())) for text in all_wrong[2]]
    assert all_wrong[2] == normalized


def test_replacements_do_not_occur_in_the_text(all_wrong):
    code, texts, corrupted = all_wrong
    shared = [
        set(map(normalize_word, split_words(text, code)))
        & set(map(normalize_word, split_words(wrong, code)))
        for text, wrong in zip(texts, corrupted, strict=True)
    ]
    assert not any(shared)


def test_without_deletions_every_word_is_replaced(sentences):
    texts, corrupted = corrupt_all(sentences, "est", 1.0, deletion_share=0.0)
    assert count_edits(texts, corrupted, "est").deletions == 0


def test_a_text_of_one_word_is_not_left_empty():
    words = vocabulary(["Peru Chile", "Spain"], "eng")
    rngs = map(random.Random, range(20))
    corrupted = {corrupt("Peru,", words, 1.0, rng, deletion_share=1.0) for rng in rngs}
    assert corrupted == {"Chile", "Spain"}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("rate", [0.0, 1e-9])  # 1e-9: split into words and joined again
def test_at_rate_0_the_text_is_unchanged(sentences, code, rate):
    texts, corrupted = corrupt_all(sentences, code, rate)
    assert corrupted == texts


@pytest.mark.parametrize("code", CODES)
def test_a_higher_rate_makes_the_same_errors_and_more(sentences, code):
    texts, few = corrupt_all(sentences, code, 0.2, deletion_share=0.0)
    _, many = corrupt_all(sentences, code, 0.5, deletion_share=0.0)
    words = [
        triple
        for rows in zip(texts, few, many, strict=True)
        for triple in zip(*(split_words(text, code) for text in rows), strict=True)
    ]
    assert all(less in (original, more) for original, less, more in words)


def test_another_seed_makes_other_errors(sentences):
    assert corrupt_all(sentences, "est", 0.3)[1] != corrupt_all(sentences, "est", 0.3, seed="b")[1]


@pytest.mark.parametrize(
    "text, code, words",
    [
        ("12 kilomeetrit, ja", "est", ["12", "kilomeetrit,", "ja"]),
        ("75 小时前", "zho", ["7", "5", "小", "时", "前"]),
        ("ที่ 3", "tha", ["ที่", "3"]),  # a consonant with its vowel and its tone
    ],
)
def test_words_are_the_units_of_the_error_rate(text, code, words):
    assert split_words(text, code) == words


def test_spaces_between_characters_stay():
    words = vocabulary(["和"], "zho")
    corrupted = corrupt("75 小时前", words, 1.0, random.Random(1), deletion_share=0.0)
    assert corrupted == "和和 和和和"


def test_a_text_that_holds_every_replacement_is_refused():
    words = vocabulary(["Peru"], "eng")
    with pytest.raises(ValueError, match="no training sentence in eng has a word that is not in"):
        corrupt("peru and Chile", words, 0.5, random.Random(1))


@pytest.mark.parametrize("rate", [0, 0.5, 1])
def test_a_share_is_a_valid_rate(rate):
    check_error_rate("rate", rate)


def test_the_errors_are_the_same_on_every_machine():
    words = vocabulary(["3 päeva pärast", "Hispaania ja Peruu", "12 kilomeetrit"], "est")
    rngs = [random.Random(f"1/est-train-{number:06d}/est/wrong") for number in range(3)]
    assert [corrupt("esmaspäev, 5 eurot ja Eesti", words, 0.5, rng) for rng in rngs] == [
        "pärast eurot päeva",
        "esmaspäev, 3 päeva Eesti",
        "päeva kilomeetrit kilomeetrit 12 12",
    ]
