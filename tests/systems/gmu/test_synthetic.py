from dataclasses import replace

import pytest

from lib.systems.gmu.recipe import RECIPES
from lib.systems.gmu.synthetic import (
    LEAN,
    SYNTHETIC,
    UPDATE_FACTOR,
    Synthetic,
    with_synthetic,
)

pytestmark = pytest.mark.slow  # it trains, or starts processes

RECIPE = RECIPES["smoke"]


def add(experiment, synthetic, corpus=None):
    given = corpus or experiment.corpus
    return with_synthetic(given, RECIPE, "que", "spa", synthetic, experiment.cache)


def added(corpus):
    return [u for u in corpus.utterances if u.id.startswith("synthetic-")]


@pytest.fixture(scope="module")
def clean(experiment):
    return add(experiment, Synthetic())


@pytest.fixture(scope="module")
def wrong_text(experiment):
    return add(experiment, Synthetic(text_error_rate=0.5))


def test_synthetic_data_is_training_data(clean):
    assert {utterance.split for utterance in added(clean)} == {"train"}


def test_as_many_contents_as_the_recipe_trains_on(experiment, clean):
    dropped = len(clean.dropped) - len(experiment.corpus.dropped)
    assert len(added(clean)) + dropped == RECIPE.train_contents


@pytest.mark.parametrize("amount, count", [(0.5, 4), (2.0, 16)])
def test_the_amount_is_a_multiple_of_the_recipes(experiment, amount, count):
    corpus = add(experiment, Synthetic(amount=amount))
    dropped = len(corpus.dropped) - len(experiment.corpus.dropped)
    assert len(added(corpus)) + dropped == count


def test_the_corpus_itself_is_kept(experiment, clean):
    count = len(experiment.corpus.utterances)
    assert list(clean.utterances[:count]) == list(experiment.corpus.utterances)


def test_ids_are_unique(clean):
    assert len({u.id for u in clean.utterances}) == len(clean.utterances)


def test_no_dev_or_test_text_is_added(experiment, clean):
    held_out = {u.texts["spa"] for u in experiment.corpus.utterances if u.split != "train"}
    assert not held_out & {utterance.texts["spa"] for utterance in added(clean)}


@pytest.mark.parametrize("code", ["que", "spa"])
def test_leaks_are_dropped_and_named(experiment, clean, code):
    leak = added(clean)[0]
    corpus = experiment.corpus
    index = next(i for i, u in enumerate(corpus.utterances) if u.split == "test")
    utterances = list(corpus.utterances)
    texts = utterances[index].texts | {code: leak.texts[code]}
    utterances[index] = replace(utterances[index], texts=texts)
    found = add(experiment, Synthetic(), replace(corpus, utterances=utterances, hash="leaky"))
    dropped = {entry.id: entry.reason for entry in found.dropped}
    assert leak.id not in [utterance.id for utterance in found.utterances]
    assert leak.texts[code] in dropped[leak.id]


def test_the_hash_and_the_name_tell_it_apart(experiment, clean, wrong_text):
    hashes = {experiment.corpus.hash, clean.hash, wrong_text.hash}
    assert len(hashes) == 3
    assert wrong_text.name.startswith(f"{experiment.corpus.name} + ")


def by_id(corpus):
    return {utterance.id: utterance.texts for utterance in added(corpus)}


def changed(one, other, code):
    """Ids of contents in both corpora whose texts in a language differ."""
    first, second = by_id(one), by_id(other)
    return [id for id in first.keys() & second.keys() if first[id][code] != second[id][code]]


def test_text_errors_change_the_translations_only(clean, wrong_text):
    assert len(changed(clean, wrong_text, "spa")) >= 4
    assert changed(clean, wrong_text, "que") == []


def test_speech_errors_change_no_text(experiment, clean):
    misspoken = add(experiment, Synthetic(speech_error_rate=0.5))
    assert misspoken.hash != clean.hash
    assert changed(clean, misspoken, "spa") == []
    assert changed(clean, misspoken, "que") == []


DOSES = {
    "direct + clean synthetic": 0.0,
    "direct + 5 % wrong synthetic": 0.05,
    "direct + 10 % wrong synthetic": 0.1,
    "direct + 20 % wrong synthetic": 0.2,
    "direct + 30 % wrong synthetic": 0.3,
    "direct + 60 % wrong synthetic": 0.6,
}


def test_conditions_of_the_notebook():
    expected = [Synthetic(text_error_rate=d, speech_error_rate=d) for d in DOSES.values()]
    assert list(SYNTHETIC.values()) == expected
    assert list(SYNTHETIC) == list(DOSES)


@pytest.mark.parametrize("name", DOSES)
def test_the_corpus_itself_is_used_as_often_as_without(name):
    """The updates are multiplied by as much as the data."""
    assert 1 + SYNTHETIC[name].amount == UPDATE_FACTOR


def test_the_lean_pass_has_the_extremes():
    assert [SYNTHETIC[name].text_error_rate for name in LEAN] == [0.0, 0.6]
