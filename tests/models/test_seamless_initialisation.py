"""Seamless with random weights, and with those of trained parts."""

import pytest
import torch

from lib.models.seamless import Seamless
from lib.tasks import ST, examples
from tests.models.seamless import LANGUAGES, build, move_head, tables

# ---- random weights ----


def randomized(tokenizer, seed):
    model = build(tokenizer, seed=3)
    model.randomize(seed)
    return model


def trained_weights(model):
    """Weights of the speech model that do not begin as zeros or ones, whatever the seed."""
    named = model.speech.named_parameters()
    return {name: p for name, p in named if p.unique().numel() > 1}


def test_randomizing_draws_every_weight_anew(tokenizer, model):
    before, after = trained_weights(model), trained_weights(randomized(tokenizer, 5))
    assert before.keys() == after.keys()
    assert [name for name in before if torch.equal(before[name], after[name])] == []


def test_randomizing_undoes_training_of_every_weight(tokenizer):
    """Also of those that begin as zeros or ones."""
    fresh, trained = randomized(tokenizer, 5), build(tokenizer, seed=3)
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.add_(1.0)
    trained.randomize(5)
    expected = fresh.speech.state_dict()
    found = trained.speech.state_dict()
    assert [name for name in found if not torch.equal(found[name], expected[name])] == []


@pytest.mark.parametrize("seed, same", [(5, True), (6, False)])
def test_random_weights_depend_on_the_seed(tokenizer, seed, same):
    one, other = (trained_weights(randomized(tokenizer, s)) for s in (5, seed))
    assert {torch.equal(one[name], other[name]) for name in one} == {same}


def test_randomizing_leaves_the_random_generator_as_it_was(model):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    model.randomize(5)
    assert torch.equal(torch.rand(3), expected)


def test_random_embeddings_are_shared(model):
    model.randomize(5)
    shared = model.speech.shared.weight
    assert model.speech.lm_head.weight is shared
    assert model.speech.text_decoder.embed_tokens.weight is shared
    assert model.text_encoder.embed_tokens.weight is shared


def test_a_randomized_model_keeps_its_languages(model, collate, corpus):
    before = [model.add_language(code) for code in LANGUAGES]
    model.randomize(5)
    assert [model.add_language(code) for code in LANGUAGES] == before
    batch = collate(examples(corpus.split("test", "est"), ST, "eng")[:3])
    assert torch.isfinite(model.logits(batch)).all()


# ---- initialisation from trained parts ----


def equal_parameters(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def source(tokenizer):
    """A model with other weights than the fixture `model`."""
    return build(tokenizer, seed=4)


def test_start_from_an_encoder(model, source):
    model.start_from(encoder=source)
    assert equal_parameters(model.speech.speech_encoder, source.speech.speech_encoder)
    assert not equal_parameters(model.speech.text_decoder, source.speech.text_decoder)


def test_start_from_a_decoder(model, source):
    model.start_from(decoder=source)
    assert equal_parameters(model.speech.text_decoder, source.speech.text_decoder)
    assert equal_parameters(model.text_encoder, source.text_encoder)
    assert torch.equal(model.speech.lm_head.weight, source.speech.lm_head.weight)
    assert not equal_parameters(model.speech.speech_encoder, source.speech.speech_encoder)


def test_start_from_a_model_without_text_encoder(model, source, tokenizer):
    before = model.text_encoder.layers[0].ffn.fc1.weight.clone()
    model.start_from(decoder=Seamless(source.speech, None, tokenizer))
    assert equal_parameters(model.speech.text_decoder, source.speech.text_decoder)
    assert torch.equal(model.text_encoder.layers[0].ffn.fc1.weight, before)


def test_a_tied_target_takes_the_embeddings_and_not_the_untied_head(model, untied):
    model.start_from(decoder=untied)
    assert not model.untied
    assert torch.equal(model.speech.shared.weight, untied.speech.shared.weight)
    assert torch.equal(model.speech.lm_head.weight, untied.speech.shared.weight)


def test_an_untied_target_takes_the_trained_head(model, untied):
    model.untie_head()
    model.start_from(decoder=untied)
    assert torch.equal(model.speech.lm_head.weight, untied.speech.lm_head.weight)
    assert torch.equal(model.speech.shared.weight, untied.speech.shared.weight)


def test_an_untied_target_of_a_tied_source_has_its_embeddings_as_head(model, source):
    move_head(model)
    model.start_from(decoder=source)
    assert model.untied
    assert torch.equal(model.speech.lm_head.weight, source.speech.shared.weight)


def test_starting_keeps_the_tables_apart(model, untied):
    model.untie_head()
    model.separate_text_embeddings()
    model.start_from(decoder=untied)
    assert len({id(table) for table in tables(model)}) == 3
