"""NLLB: its size, tokens, logits, search, and what it can learn."""

import pytest
import torch
from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

from lib.data.collate import Collator
from lib.decoding import GREEDY, Search, decode
from lib.models.nllb import (
    NllbSize,
    build_nllb,
    nllb_languages,
    nllb_token,
    train_nllb_tokenizer,
)
from lib.models.published import published
from lib.models.tokenizer import text_ids, unknown_subwords
from lib.tasks import text_examples
from lib.training.fit import fit
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage
from tests.models.conftest import NLLB_LANGUAGES

# config.json of facebook/nllb-200-distilled-1.3B
PUBLISHED = {
    "activation_dropout": 0.0,
    "activation_function": "relu",
    "attention_dropout": 0.1,
    "bos_token_id": 0,
    "d_model": 1024,
    "decoder_attention_heads": 16,
    "decoder_ffn_dim": 8192,
    "decoder_layerdrop": 0,
    "decoder_layers": 24,
    "decoder_start_token_id": 2,
    "dropout": 0.1,
    "encoder_attention_heads": 16,
    "encoder_ffn_dim": 8192,
    "encoder_layerdrop": 0,
    "encoder_layers": 24,
    "eos_token_id": 2,
    "init_std": 0.02,
    "max_position_embeddings": 1024,
    "pad_token_id": 1,
    "scale_embedding": True,
    "vocab_size": 256206,
}


@pytest.fixture(scope="module")
def sentences(spec):
    return spec.sentences(200)


@pytest.fixture(scope="module")
def chosen(sentences):
    """Examples of unequal lengths in several directions."""
    return text_examples(sentences[:4], [("est", "eng"), ("que", "spa"), ("eng", "eng")])


def test_parameters_at_full_size():
    """GMU's logs: 1370.64M."""
    with torch.device("meta"):
        model = M2M100ForConditionalGeneration(M2M100Config(**PUBLISHED))
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count / 1e6 == pytest.approx(1370.64, abs=0.01)


def test_the_size_in_lib_is_the_published_one():
    ours = published("facebook/nllb-200-distilled-1.3B").to_dict()
    assert {name: ours[name] for name in PUBLISHED} == PUBLISHED


def test_only_sizes_differ_from_the_published_configuration(nllb):
    ours = nllb.config.to_dict()
    differing = {name for name, value in PUBLISHED.items() if ours[name] != value}
    sizes = {"d_model", "vocab_size", "max_position_embeddings", "init_std"}
    for side in ("encoder", "decoder"):
        sizes |= {f"{side}_attention_heads", f"{side}_ffn_dim", f"{side}_layers"}
    assert differing == sizes


# ---- tokens ----


def test_layout_is_the_tokenizers(nllb, chosen):
    tokenizer = nllb.tokenizer
    tokenizer.src_lang, tokenizer.tgt_lang = "est_Latn", "eng_Latn"
    reference = tokenizer(
        chosen[0].source_text, text_target=chosen[0].target_text, return_tensors="pt"
    )
    batch = Collator(nllb)(chosen[:1])
    assert torch.equal(batch.text, reference["input_ids"])
    assert torch.equal(batch.labels, reference["labels"])


def test_the_decoder_starts_as_hugging_faces(nllb, chosen):
    batch, end = Collator(nllb)(chosen[:1]), nllb.tokenizer.eos_token_id
    assert batch.prefix[0, :2].tolist() == [end, nllb.add_language("eng")]
    assert nllb.config.decoder_start_token_id == end


def test_layout_of_published_ids(sentences, tmp_path):
    texts = (text for sentence in sentences for text in sentence.values())
    tokenizer = train_nllb_tokenizer(texts, nllb_languages(), 500, tmp_path / "t")
    first = tokenizer.sp_model.get_piece_size() + 1
    ids = [tokenizer.convert_tokens_to_ids(nllb_token(code)) for code in nllb_languages()]
    assert ids == list(range(first, first + len(ids)))
    assert tokenizer.mask_token_id == first + len(ids)
    assert len(tokenizer) == first + len(ids) + 1


def test_published_ids():
    """256000 subwords, so eng_Latn 256047 and <mask> 256203 follow from the list of languages."""
    first = 256_001
    assert first + FAIRSEQ_LANGUAGE_CODES.index("eng_Latn") == 256_047
    assert first + len(FAIRSEQ_LANGUAGE_CODES) == 256_203


def test_new_languages_take_spare_rows(nllb):
    known = len(nllb.tokenizer)
    ids = [nllb.add_language(code) for code in ("mdw", "mlt", "mdw")]
    assert ids == [known, known + 1, known]
    assert nllb.text_model.get_input_embeddings().num_embeddings == known + 2


def test_a_language_that_nllb_lacks_is_named_in_its_form(nllb):
    assert nllb.tokenizer.convert_ids_to_tokens(nllb.add_language("mdw")) == "mdw_Latn"


def test_a_known_language_keeps_its_id(nllb):
    assert nllb.add_language("est") < len(nllb.tokenizer)


def test_no_spare_row_is_refused(nllb):
    for code in ("mdw", "mlt"):
        nllb.add_language(code)
    with pytest.raises(ValueError, match="no spare embedding row for bem_Latn"):
        nllb.add_language("bem")


def test_letters_come_back(nllb):
    text = "l’été, œuf ñ à 12 , Ġermaniż ?"
    decoded = nllb.tokenizer.decode(text_ids(nllb.tokenizer, text), skip_special_tokens=True)
    assert decoded.replace(" ", "") == text.replace(" ", "")


def test_unknown_subwords_are_counted(nllb):
    assert unknown_subwords(nllb.tokenizer, ["12 €"]) == 1


# ---- logits and search ----


@torch.no_grad()
def test_logits_are_hugging_faces(nllb, chosen):
    batch = Collator(nllb)(chosen)
    reference = nllb.text_model(
        input_ids=batch.text, attention_mask=batch.mask, labels=batch.labels
    ).logits
    real = batch.labels != -100
    assert torch.allclose(nllb.logits(batch)[real], reference[real], atol=1e-5)


@torch.no_grad()
def test_logits_do_not_depend_on_the_batch(nllb, chosen):
    collate = Collator(nllb)
    batch = collate(chosen)
    logits = nllb.logits(batch)
    assert batch.mask.min() == 0  # something is padded
    for row, example in enumerate(chosen):
        alone = nllb.logits(collate([example]))[0]
        assert torch.allclose(logits[row, : len(alone)], alone, atol=1e-4)


@pytest.mark.parametrize("beams", [1, 3])
def test_a_batch_gives_what_single_examples_give(nllb, chosen, beams):
    search, collate = Search(beams=beams, max_new_tokens=10), Collator(nllb)
    together = decode(nllb, chosen, collate, search)
    alone = [decode(nllb, [example], collate, search)[0] for example in chosen]
    assert [h.text for h in together] == [h.text for h in alone]
    assert [h.score for h in together] == pytest.approx([h.score for h in alone], abs=1e-3)
    assert any(h.text for h in together)


def test_speech_is_refused(nllb):
    with pytest.raises(TypeError, match="Nllb takes text only"):
        nllb.encode_speech(torch.zeros(1, 4, 320), torch.ones(1, 4, dtype=torch.long))


def test_it_has_no_feature_extractor(nllb):
    assert nllb.feature_extractor(30.0) is None


@pytest.fixture(scope="module")
def memorised(nllb_tokenizer_folder, sentences, tmp_path_factory):
    """A model trained on a few sentences, the sentences, and its outputs before and after."""
    given = text_examples(sentences[:6], [("est", "eng"), ("eng", "que"), ("spa", "spa")])
    size = NllbSize(hidden=48, heads=4, encoder_layers=1, decoder_layers=1, feed_forward=96)
    tokenizer = NllbTokenizer.from_pretrained(nllb_tokenizer_folder)
    model = build_nllb(size, tokenizer, NLLB_LANGUAGES, seed=3)
    collate = Collator(model)
    before = decode(model, given, collate, GREEDY)
    stage = Stage(
        name="text",
        updates=150,
        learning_rate=5e-3,
        warmup_updates=20,
        schedule="cosine",
        batch_seconds=32.0,
        clip_norm=1.0,
    )
    folder = tmp_path_factory.mktemp("memorised")
    fit(Seq2SeqObjective(model, 0.0), stage, given, collate, folder, seed=1)
    return given, before, decode(model, given, collate, GREEDY)


def test_nothing_is_right_before_training(memorised):
    given, before, _ = memorised
    assert not any(h.text == e.target_text for h, e in zip(before, given, strict=True))


def test_sentences_can_be_memorised(memorised):
    given, _, after = memorised
    assert [h.text for h in after] == [example.target_text for example in given]
