from dataclasses import replace

import pytest

from lib.corpora.cldr import Item, phrase
from lib.corpora.phrasebook import ALL_OF_CLDR, Breadth, Phrasebook, split_of
from lib.languages import language
from lib.utterance import SPLITS

PROMISED = "est gle mlt mar que eng hin spa fra deu zho cat nld ita por swa ara".split()


def phrasebook(**changes):
    fields = dict(spoken=("est",), written=("eng",), train=1, dev=1, test=1)
    return Phrasebook(**fields | changes)


@pytest.mark.parametrize("resource", ["locale", "voice"])
@pytest.mark.parametrize("code", PROMISED)
def test_promised_languages_have_texts_and_a_voice(code, resource):
    assert getattr(language(code), resource)


def test_a_sentence_is_in_every_language():
    (texts,) = phrasebook(spoken=tuple(PROMISED), written=()).sentences(1)
    assert sorted(code for code, text in texts.items() if text) == sorted(PROMISED)


def test_spoken_languages_come_first():
    assert phrasebook(written=("eng", "est", "spa")).codes == ("est", "eng", "spa")


def test_splits_share_no_content_whatever_the_seed():
    contents = {split: set() for split in SPLITS}
    for seed in (1, 2):
        for split in SPLITS:
            drawn = phrasebook(seed=seed).contents(split, 150)
            contents[split] |= {tuple(sorted(content)) for content in drawn}
    assert len(set.union(*contents.values())) == sum(map(len, contents.values()))


def test_the_order_of_items_does_not_change_the_split():
    one, other = Item("territory", "FR"), Item("weekday", "3")
    assert split_of((one, other)) == split_of((other, one))


def test_a_single_item_is_in_train():
    assert {split_of((Item("territory", key),)) for key in "FR ES DE IT PT".split()} == {"train"}


def test_equal_specifications_give_equal_contents():
    assert phrasebook().contents("test", 20) == phrasebook().contents("test", 20)


def test_another_seed_gives_other_contents():
    assert phrasebook().contents("test", 20) != phrasebook(seed=2).contents("test", 20)


def test_no_two_items_sound_alike():
    """In Estonian Hispaania is Spain, and hispaania is Spanish."""
    contents = phrasebook(breadth=ALL_OF_CLDR).contents("train", 3000)
    names = {
        (item.kind, item.key)
        for content in contents
        for item in content
        if item.kind in ("territory", "language")
    }
    texts = [phrase(Item(kind, key), "est").casefold() for kind, key in names]
    assert ("territory", "ES") in names
    assert len(set(texts)) == len(texts)


def test_the_version_changes_the_hash(monkeypatch):
    before = phrasebook().hash
    monkeypatch.setattr("lib.corpora.phrasebook.VERSION", 99)
    assert phrasebook().hash != before


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 2},
        {"breadth": ALL_OF_CLDR},
        {"text_error_rate": 0.1},
        {"text_error_rate": 0.2},
        {"speech_error_rate": 0.1},
    ],
)
def test_every_field_changes_the_hash(changes):
    assert phrasebook(**changes).hash != phrasebook().hash


def test_equal_specifications_have_equal_hashes():
    assert phrasebook().hash == phrasebook().hash


@pytest.mark.parametrize(
    "changes, name",
    [
        ({}, "phrasebook est+eng"),
        ({"text_error_rate": 0.4}, "phrasebook est+eng, 40 % of translated words wrong"),
        ({"speech_error_rate": 0.025}, "phrasebook est+eng, 2.5 % of words misspoken"),
    ],
)
def test_the_name_states_the_error_rates(spec, changes, name):
    assert replace(spec, **changes).name == name


@pytest.mark.parametrize("name", ["text_error_rate", "speech_error_rate"])
@pytest.mark.parametrize("rate", [-0.1, 1.01, 30.0, float("nan")])
def test_an_error_rate_that_is_not_a_share_is_refused(name, rate):
    with pytest.raises(ValueError, match=f"{name}=.* is not a share of words; use a number from 0"):
        phrasebook(**{name: rate})


def test_a_greater_breadth_has_more_words():
    def words(breadth):
        sentences = phrasebook(breadth=breadth).sentences(400)
        return {word for sentence in sentences for word in sentence["eng"].split()}

    assert len(words(ALL_OF_CLDR)) > 3 * len(words(Breadth()))


def test_too_small_a_breadth_is_refused():
    narrow = Breadth(
        territories=2, languages=0, units=0, currencies=0, max_number=2, items=(1, 1)
    )
    with pytest.raises(ValueError, match="holds only .* of 100 train contents; increase"):
        phrasebook(breadth=narrow).contents("train", 100)


@pytest.mark.parametrize(
    "spoken, cause", [("aeb", "no CLDR"), ("xxx", "unknown language"), ("mdw", "no CLDR")]
)
def test_a_language_without_texts_is_refused(spoken, cause):
    with pytest.raises(ValueError, match=cause):
        phrasebook(spoken=(spoken,))
