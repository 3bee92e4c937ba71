"""Seamless: its size, shared weights, dropout, languages, and its independence of the batch."""

import pytest
import torch
from transformers import (
    SeamlessM4Tv2Config,
    SeamlessM4Tv2ForSpeechToText,
    SeamlessM4Tv2ForTextToText,
)

from lib.models.seamless import Seamless
from lib.tasks import ST, examples, text_examples
from lib.training.stages import freeze
from tests.models.seamless import build, tables

# ---- parameters at full size; figures from GMU's logs, in millions ----


def full_size(tokenizer, text):
    with torch.device("meta"):
        speech = SeamlessM4Tv2ForSpeechToText(SeamlessM4Tv2Config())
        text_model = SeamlessM4Tv2ForTextToText(SeamlessM4Tv2Config()) if text else None
        return Seamless(speech, text_model, tokenizer)


def millions(model, trainable_only=False):
    counted = [p for p in model.parameters() if p.requires_grad or not trainable_only]
    return sum(parameter.numel() for parameter in counted) / 1e6


def test_parameters_of_speech_translation(tokenizer):
    assert millions(full_size(tokenizer, text=False)) == pytest.approx(1501.84, abs=0.01)


def test_parameters_with_an_untied_head(tokenizer):
    model = full_size(tokenizer, text=False)
    with torch.device("meta"):
        model.untie_head()
    assert millions(model) == pytest.approx(1764.09, abs=0.01)


def test_parameters_of_multi_task_training(tokenizer):
    model = full_size(tokenizer, text=True)
    with torch.device("meta"):
        model.untie_head()
        model.separate_text_embeddings()
    freeze(model, ("text_encoder",))
    assert millions(model) == pytest.approx(2530.08, abs=0.01)
    assert millions(model, trainable_only=True) == pytest.approx(1764.09, abs=0.01)


def test_parameters_of_text_translation(tokenizer):
    model = full_size(tokenizer, text=True)
    freeze(model, ("speech_encoder",))
    assert millions(model, trainable_only=True) == pytest.approx(1370.53, abs=0.01)


def test_parameters_of_hugging_faces_text_model():
    with torch.device("meta"):
        model = SeamlessM4Tv2ForTextToText(SeamlessM4Tv2Config())
    assert millions(model) == pytest.approx(1370.53, abs=0.01)


# ---- shared weights ----


def test_text_and_speech_share_one_decoder(model):
    assert model.text_model.text_decoder is model.speech.text_decoder


def test_embeddings_and_head_are_one_table(model):
    assert len({id(table) for table in tables(model)}) == 1


def test_only_the_encoders_embeddings_are_scaled(model):
    assert model.text_encoder.embed_tokens.embed_scale == pytest.approx(32**0.5)
    assert not hasattr(model.speech.shared, "embed_scale")


def test_untied_and_separate_tables(model):
    model.untie_head()
    model.separate_text_embeddings()
    shared, decoder, head, text = tables(model)
    assert decoder is shared
    assert len({id(table) for table in (shared, head, text)}) == 3


def test_untied_weights_are_equal_at_first(model, collate, corpus):
    batch = collate(examples(corpus.split("test", "est"), ST, "eng")[:3])
    before = model.logits(batch)
    model.untie_head()
    model.separate_text_embeddings()
    assert torch.equal(model.logits(batch), before)


def test_untied(model):
    assert not model.untied
    model.untie_head()
    assert model.untied


# ---- parts ----


def test_parts_cover_all_parameters(model):
    prefixes = tuple(f"{prefix}." for part in model.parts.values() for prefix in part)
    assert [name for name in model.state_dict() if not name.startswith(prefixes)] == []


def test_a_model_without_text_encoder_refuses_text(tokenizer, collate):
    text = text_examples([{"est": "üks päev", "eng": "one day"}], [("est", "eng")])
    speech = build(tokenizer, seed=3).speech
    with pytest.raises(ValueError, match="text=True"):
        Seamless(speech, None, tokenizer).logits(collate(text))


# ---- dropout ----


def dropout_rates(model):
    adaptor = model.speech.speech_encoder.adapter.layers[0]
    return {
        "decoder feed-forward": model.speech.text_decoder.layers[0].ffn_dropout.p,
        "adaptor attention": adaptor.self_attn.dropout.p,
        "adaptor feed-forward, inner": adaptor.ffn.intermediate_dropout.p,
        "adaptor feed-forward, output": adaptor.ffn.output_dropout.p,
    }


def test_hugging_faces_dropout(model):
    assert list(dropout_rates(model).values()) == [0.0, 0.0, 0.1, 0.1]


def test_official_dropout(model):
    """GMU, appendix A."""
    model.apply_official_dropout()
    assert list(dropout_rates(model).values()) == [0.1, 0.1, 0.0, 0.1]


# ---- independence of the batch ----


@torch.no_grad()
def test_states_and_logits_do_not_depend_on_the_batch(model, collate, corpus):
    """Hugging Face's length adaptor lets padding in, so it is masked here."""
    given = sorted(examples(corpus.split("train", "est"), ST, "eng"), key=lambda e: e.seconds)
    given = [given[0], given[len(given) // 2], given[-1]]
    batch = collate(given)
    states, mask = model.encode_speech(batch.speech, batch.mask)
    logits = model.decode(states, mask, batch.prefix)
    for row, example in enumerate(given):
        single = collate([example])
        alone, alone_mask = model.encode_speech(single.speech, single.mask)
        real = int(alone_mask.sum())
        assert mask[row].sum() == real
        assert torch.allclose(states[row, :real], alone[0, :real], atol=1e-4)
        alone_logits = model.decode(alone, alone_mask, single.prefix)[0]
        assert torch.allclose(logits[row, : len(alone_logits)], alone_logits, atol=1e-4)


# ---- languages ----


def test_a_new_language_takes_a_spare_row(model):
    known = len(model.tokenizer)
    token_id = model.add_language("que")
    assert known <= token_id < model.config.vocab_size
    assert model.speech.shared.num_embeddings == model.config.vocab_size
    assert model.tokenizer.encode("__que__ tak", add_special_tokens=False)[0] == token_id


def test_generate_knows_a_new_language(model):
    token_id = model.add_language("que")
    assert model.speech.generation_config.text_decoder_lang_to_code_id["que"] == token_id


def test_a_known_language_keeps_its_id(model):
    assert model.add_language("est") < len(model.tokenizer)
    assert model.add_language("est") == model.tokenizer.convert_tokens_to_ids("__est__")
