"""Language models without speech, without a row for padding, and with absolute positions."""

from dataclasses import replace

import pytest
import torch
from transformers import BartConfig, BartForConditionalGeneration, Qwen2TokenizerFast

from lib.data.collate import Collator
from lib.decoding import Search, decode
from lib.models.language_model import QwenSize, build_qwen
from lib.models.speech_lm.loading import join_speech_lm
from lib.models.speech_lm.model import SpeechLm
from lib.models.w2v_bert import build_w2v_bert
from lib.systems.qwen_backbone import with_text_prompt
from lib.tasks import MT, examples
from lib.training.fit import fit
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage
from tests.models.speech_lm.conftest import ENCODER, QWEN, TAGS

SEARCH = Search(beams=1, max_new_tokens=6)
WIDE = QwenSize(hidden=64, heads=2, key_value_heads=2, layers=2, feed_forward=128, subwords=400)


@pytest.fixture(scope="module")
def texts(corpus):
    """Six sentences to translate, with prompts in plain text."""
    made = examples(corpus.split("train", "eng"), MT, "spa")
    return [with_text_prompt(example) for example in made[::3][:6]]


# ---- the language model alone ----


def test_it_has_one_part_and_no_features(build_text):
    model = build_text()
    assert set(model.parts) == {"language_model"}
    assert model.feature_extractor(30.0) is None


@torch.no_grad()
def test_its_logits_are_those_of_plain_transformers(build_text, texts):
    model = build_text()
    batch = Collator(model)(texts)
    found = model.logits(batch)
    for row, example in enumerate(texts):
        ids = torch.tensor([model.layout(example, 128).prefix])
        plain = model.language_model(input_ids=ids).logits[0]
        assert torch.allclose(found[row, : len(plain)], plain, atol=2e-5)


@torch.no_grad()
def test_its_search_is_that_of_plain_transformers(build_text, texts):
    model = build_text()
    for hypothesis, example in zip(
        decode(model, texts, Collator(model), SEARCH), texts, strict=True
    ):
        layout = model.layout(example, 128)
        ids = torch.tensor([layout.prefix[: layout.prompt_length]])
        found = model.language_model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=6,
            pad_token_id=model.pad_token_id,
        )[0, ids.shape[1] :]
        text = model.tokenizer.decode(found, skip_special_tokens=True)
        assert hypothesis.text == text.strip()  # as the task has it


def test_mixed_prompts_do_not_disturb_each_other(build_text, texts):
    model = build_text()
    other = [replace(e, id=f"{e.id}-q", question="¿Qué?") for e in texts]
    mixed = [with_text_prompt(e) for e in [*texts, *other]]
    together = decode(model, mixed, Collator(model), SEARCH)
    alone = [decode(model, [e], Collator(model), SEARCH)[0] for e in mixed]
    assert [h.text for h in together] == [h.text for h in alone]


@pytest.mark.slow
def test_what_was_learnt_is_written(build_text, texts, tmp_path):
    model = build_text(WIDE)
    stage = Stage(name="text", updates=60, learning_rate=1e-2, warmup_updates=5, batch_seconds=20.0)
    fit(Seq2SeqObjective(model, 0.0), stage, texts, Collator(model), tmp_path, seed=1)
    found = decode(model, texts, Collator(model), Search(beams=1))
    assert [h.text for h in found] == [e.target_text for e in texts]
    assert {h.ending for h in found} == {"end"}


# ---- a tokenizer with a token more than the model has rows ----


@pytest.fixture
def no_row(qwen_folder):
    """A tokenizer whose padding token was added after the model's table was made."""
    tokenizer = Qwen2TokenizerFast.from_pretrained(qwen_folder)
    model = build_qwen(QWEN, tokenizer, seed=2)
    tokenizer.add_special_tokens({"pad_token": "<new-pad>"})
    assert tokenizer.pad_token_id >= model.config.vocab_size
    return model, tokenizer


@torch.no_grad()
def test_padding_needs_no_row_without_tags(no_row, texts):
    model = SpeechLm(None, None, *no_row).eval()
    assert model.logits(Collator(model)(texts)).isfinite().all()


@torch.no_grad()
def test_padding_needs_no_row_with_tags(no_row, texts):
    model = SpeechLm(None, None, *no_row, tags=TAGS).eval()
    assert model.logits(Collator(model)(texts)).isfinite().all()
    assert len(decode(model, texts, Collator(model), SEARCH)) == len(texts)


# ---- an encoder-decoder that knows absolute positions ----


@pytest.fixture(scope="module")
def bart(qwen_folder):
    tokenizer = Qwen2TokenizerFast.from_pretrained(qwen_folder)
    config = BartConfig(
        vocab_size=len(tokenizer),
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        init_std=0.2,
        dropout=0.0,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.eos_token_id,
        forced_eos_token_id=None,
    )
    with torch.random.fork_rng():
        torch.manual_seed(4)
        language_model = BartForConditionalGeneration(config)
    encoder = build_w2v_bert(ENCODER, seed=3)
    return join_speech_lm(encoder, language_model, tokenizer, tags=TAGS).eval()


@torch.no_grad()
def test_absolute_positions_do_not_depend_on_the_batch_in_training(bart, collate_for, spoken):
    together = bart.logits(collate_for(bart)(spoken))
    for row, example in zip(together, spoken, strict=True):
        alone = bart.logits(collate_for(bart)([example]))[0]
        assert torch.allclose(row[: len(alone)], alone, atol=2e-5)


@torch.no_grad()
def test_absolute_positions_do_not_depend_on_the_batch_in_search(bart, collate_for, spoken):
    search = Search(beams=1, max_new_tokens=12)
    together = decode(bart, spoken, collate_for(bart), search)
    alone = [decode(bart, [e], collate_for(bart), search)[0] for e in spoken]
    assert [h.text for h in together] == [h.text for h in alone]
