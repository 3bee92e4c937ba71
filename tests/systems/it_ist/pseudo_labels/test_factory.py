from dataclasses import fields

import pytest

from lib.scales import SCALES, scaled_fields
from lib.systems.it_ist.pseudo_labels import selection
from lib.systems.it_ist.pseudo_labels.factory import held_out_pairs, open_factory
from lib.systems.it_ist.pseudo_labels.recipe import PRESETS, FactoryRecipe, with_seed
from lib.systems.it_ist.pseudo_labels.selection import BEST, ORACLE


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("factory")


@pytest.fixture(scope="module")
def factory(cache):
    return open_factory("smoke", cache)


@pytest.fixture(scope="module")
def labels(factory):
    return factory.labels("train")


def test_presets_differ_in_scaled_fields_only():
    assert tuple(PRESETS) == SCALES
    fixed = {f.name for f in fields(FactoryRecipe)} - scaled_fields(FactoryRecipe)
    for name in fixed:
        assert len({repr(getattr(recipe, name)) for recipe in PRESETS.values()}) == 1


def test_full_is_the_papers():
    full = PRESETS["full"]
    assert (full.threshold, len(full.translators)) == (0.85, 4)
    assert full.kiwi == "Unbabel/wmt22-cometkiwi-da"


@pytest.mark.slow
def test_every_model_labels_every_segment_in_every_language(factory, labels):
    segments = factory.segments("train")
    assert len(labels) == len(segments) * 4 * 2
    assert {x.translator for x in labels} == {"mt-1", "mt-2", "mt-3", "mt-4"}
    assert {x.metric for x in labels} == {factory.kiwi.name}
    assert {x.licence for x in labels} == {"Unicode-3.0"}


@pytest.mark.slow
def test_labels_are_the_same_again(cache, labels):
    assert open_factory("smoke", cache).labels("train") == labels


@pytest.mark.slow
def test_references_change_no_label(cache, labels):
    """The MT models and COMETKiwi see transcripts only."""
    blind = open_factory("smoke", cache)
    for utterance in blind.corpus.utterances:
        utterance.texts.pop("deu"), utterance.texts.pop("zho")
    found = [(x.id, x.text, x.score) for x in blind.labels("train")]
    assert found == [(x.id, x.text, x.score) for x in labels]


@pytest.mark.slow
def test_the_labelled_corpus_can_be_trained_on(factory, labels):
    from lib.tasks import ST, examples

    best = selection.best_of_each(labels)
    corpus = selection.labelled_corpus(factory.corpus, best)
    made = examples(corpus.split("train"), ST, "deu")
    assert {e.target_text for e in made} <= {x.text for x in best}


@pytest.mark.slow
def test_the_choices_of_one_language(factory):
    held_out = selection.by_target(factory.labels("test"))["deu"]
    assert list(selection.choices(held_out))[-2:] == [BEST, ORACLE]


def test_held_out_pairs_know_their_names(factory):
    pairs = held_out_pairs(factory)
    assert len(pairs) == 2 * len(factory.segments("test"))
    assert all(pair.content for pair in pairs)


def test_another_seed_trains_other_models():
    one, two = (with_seed(PRESETS["tiny"], seed) for seed in (1, 2))
    assert one == PRESETS["tiny"]
    assert {t.seed for t in one.translators}.isdisjoint(t.seed for t in two.translators)
    assert one.kiwi.seed != two.kiwi.seed


def test_full_needs_recordings(cache):
    with pytest.raises(ValueError, match="labels recordings"):
        open_factory("full", cache)
