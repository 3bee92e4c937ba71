"""Whispers on disk: saved and loaded, in the published layout, and by plain transformers."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForSpeechSeq2Seq,
    Qwen2Config,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizerFast,
)
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from lib.data.collate import Collator
from lib.decoding import Search, decode
from lib.models.speech_encoder import load_speech_encoder
from lib.models.w2v_bert import W2vBert, W2vBertSize, build_w2v_bert
from lib.models.whisper import load_whisper
from lib.models.whisper_encoder import WhisperSpeechEncoder, load_whisper_encoder
from lib.tasks import ASR, examples
from tests.models.conftest import WHISPER
from tests.models.published import as_published

SEARCH = Search(beams=2, max_new_tokens=6)
DECODERS = "model.decoder.layers.1.encoder_attn.v_proj.weight"


@pytest.fixture(scope="module")
def model(whisper):
    return whisper(seed=3)


@pytest.fixture
def folder(model, tmp_path):
    model.save(tmp_path / "model")
    return as_published(tmp_path / "model")


@pytest.fixture(scope="module")
def chosen(corpus):
    return examples(corpus.split("train", "est"), ASR)[:2]


def equal_weights(one, other):
    first, second = one.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)


def hypotheses(model, chosen):
    return decode(model, chosen, Collator(model, model.feature_extractor(30.0)), SEARCH)


def published(folder, **changes):
    """Give a checkpoint the generation configuration of the published ones."""
    path = folder / "generation_config.json"
    ids = WhisperTokenizerFast.from_pretrained(folder).convert_tokens_to_ids
    facts = {
        "alignment_heads": [[0, 0], [1, 1]],
        "begin_suppress_tokens": [ids("<|endoftext|>")],
        "forced_decoder_ids": [[1, None], [2, ids("<|transcribe|>")]],
        "is_multilingual": True,
        "lang_to_id": {f"<|{name}|>": ids(f"<|{name}|>") for name in ("et", "en", "es")},
        "max_initial_timestamp_index": 50,
        "max_length": 448,
        "no_timestamps_token_id": ids("<|notimestamps|>"),
        "return_timestamps": False,
        "suppress_tokens": [],
        "task_to_id": {"transcribe": ids("<|transcribe|>"), "translate": ids("<|translate|>")},
    }
    own = json.loads(path.read_text())
    path.write_text(json.dumps(own | facts | changes))


# ---- saved and loaded ----


def test_every_number_is_loaded(model, folder):
    loaded = load_whisper(folder)
    assert equal_weights(loaded, model)
    assert loaded.tokenizer.get_vocab() == model.tokenizer.get_vocab()


def test_it_writes_the_same(model, folder, chosen):
    assert hypotheses(load_whisper(folder, pad_to_window=False), chosen) == hypotheses(
        model, chosen
    )


@pytest.mark.parametrize("pad_to_window", [True, False])
def test_windows_are_padded_as_asked(folder, pad_to_window):
    assert load_whisper(folder, pad_to_window).encoder.pad_to_window is pad_to_window
    assert load_speech_encoder(folder, pad_to_window).pad_to_window is pad_to_window


def test_the_encoder_of_a_whole_checkpoint_is_loaded(model, folder):
    loaded = load_speech_encoder(folder)
    assert isinstance(loaded, WhisperSpeechEncoder)
    assert equal_weights(loaded, model.encoder)


def test_the_encoder_alone_is_saved_and_loaded(model, folder, tmp_path):
    load_whisper_encoder(folder).save(tmp_path / "encoder")
    assert equal_weights(load_speech_encoder(tmp_path / "encoder"), model.encoder)
    assert load_file(tmp_path / "encoder" / "model.safetensors").keys() == {
        name.removeprefix("model.") for name in model.encoder.state_dict()
    }


def test_half_precision_is_loaded_as_float32(model, folder):
    """`openai/whisper-large-v3` is in float16."""
    model = WhisperForConditionalGeneration.from_pretrained(folder, dtype=torch.float16)
    model.save_pretrained(folder)
    for loaded in (load_whisper(folder), load_whisper_encoder(folder)):
        assert {p.dtype for p in loaded.parameters()} == {torch.float32}


# ---- plain transformers ----


@torch.no_grad()
def test_plain_transformers_has_the_same_logits(whisper, tmp_path, chosen):
    model = whisper(pad_to_window=True)
    model.save(tmp_path / "model")
    batch = Collator(model, model.feature_extractor(30.0))(chosen)
    for kind in (WhisperForConditionalGeneration, AutoModelForSpeechSeq2Seq):
        plain = kind.from_pretrained(tmp_path / "model")
        given = {"input_features": batch.speech.transpose(1, 2), "decoder_input_ids": batch.prefix}
        assert torch.allclose(plain(**given).logits, model.logits(batch), atol=2e-5)


def test_plain_transformers_loads_the_encoder_alone(model, tmp_path):
    model.encoder.save(tmp_path / "encoder")
    plain = WhisperEncoder.from_pretrained(tmp_path / "encoder")
    assert equal_weights(plain, model.encoder.model)
    assert WhisperFeatureExtractor.from_pretrained(tmp_path / "encoder").feature_size == 80


def test_plain_transformers_loads_the_processor(model, folder, chosen):
    processor = WhisperProcessor.from_pretrained(folder)
    assert processor.feature_extractor.feature_size == WHISPER.mels
    text = chosen[0].target_text
    ids = model.tokenizer.encode(text, add_special_tokens=False)
    assert processor.tokenizer.encode(text, add_special_tokens=False) == ids
    assert processor.tokenizer.decode(ids) == text


def test_texts_are_written_as_they_were_read(model, spec):
    """Every byte is a token, so that letters of other languages are written too."""
    texts = [text for sentence in spec.sentences(20) for text in sentence.values()]
    for text in [*texts, "Łódź, 北京, नमस्ते", "ja , n't 's ."]:
        ids = model.tokenizer.encode(text, add_special_tokens=False)
        assert model.tokenizer.decode(ids, skip_special_tokens=True) == text


# ---- the published layout ----


def test_forced_tokens_of_a_published_checkpoint_are_not_forced_again(folder, model, chosen):
    plain = hypotheses(model, chosen)
    published(folder, begin_suppress_tokens=None)
    assert hypotheses(load_whisper(folder, pad_to_window=False), chosen) == plain


def test_tokens_that_a_published_checkpoint_suppresses_are_not_written(folder, model, chosen):
    before = hypotheses(model, chosen)[0]
    (first, *_) = model.tokenizer.encode(before.text, add_special_tokens=False)
    published(folder, suppress_tokens=[first])
    after = hypotheses(load_whisper(folder, pad_to_window=False), chosen)[0]
    assert after.tokens > 0
    assert first not in model.tokenizer.encode(after.text, add_special_tokens=False)


def test_a_published_checkpoint_is_saved_and_loaded_again(folder, model, chosen, tmp_path):
    published(folder, suppress_tokens=[5, 9])
    loaded = load_whisper(folder, pad_to_window=False)
    loaded.save(tmp_path / "again")
    again = load_whisper(tmp_path / "again", pad_to_window=False)
    assert again.model.generation_config.suppress_tokens == [5, 9]
    assert hypotheses(again, chosen) == hypotheses(loaded, chosen)


def test_whispers_own_generate_writes_the_same_from_a_published_checkpoint(
    whisper, tmp_path, chosen
):
    """It writes the prompt itself; ours is given in whole."""
    whisper(pad_to_window=True).save(tmp_path / "model")
    published(as_published(tmp_path / "model"))
    model = load_whisper(tmp_path / "model")
    model.save(tmp_path / "again")
    plain = WhisperForConditionalGeneration.from_pretrained(tmp_path / "again")
    collate = Collator(model, model.feature_extractor(30.0))
    features = collate(chosen).speech.transpose(1, 2)
    ids = plain.generate(features, language="et", task="transcribe", max_new_tokens=6)
    texts = [text.strip() for text in model.tokenizer.batch_decode(ids, skip_special_tokens=True)]
    found = decode(model, chosen, collate, Search(beams=1, max_new_tokens=6))
    assert [hypothesis.text for hypothesis in found] == texts


# ---- what does not fit is named ----


@pytest.mark.parametrize("tensor", [None, torch.zeros(3)], ids=["missing", "another shape"])
def test_a_wrong_weight_is_named(folder, tensor):
    tensors = load_file(folder / "model.safetensors")
    del tensors[DECODERS]
    changed = tensors | ({} if tensor is None else {DECODERS: tensor})
    save_file(changed, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match=r"1\.encoder_attn\.v_proj\.weight"):
        load_whisper(folder)


@pytest.mark.parametrize("whole", [True, False], ids=["of a whole checkpoint", "alone"])
def test_a_missing_weight_of_the_encoder_is_named(model, tmp_path, whole):
    (model if whole else model.encoder).save(tmp_path / "saved")
    path = as_published(tmp_path / "saved") / "model.safetensors"
    tensors = load_file(path)
    del tensors[("model.encoder." if whole else "") + "conv2.weight"]
    save_file(tensors, path, {"format": "pt"})
    with pytest.raises(ValueError, match=r"lacks 1 weights of .*conv2\.weight"):
        load_speech_encoder(tmp_path / "saved")


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(ValueError, match="no Whisper checkpoint at"):
        load_whisper(tmp_path / "nothing")
    with pytest.raises(ValueError, match="no speech encoder at"):
        load_speech_encoder(tmp_path / "nothing")


def test_w2v_bert_is_loaded_by_the_same_call(tmp_path):
    size = W2vBertSize(hidden=32, heads=2, layers=1, feed_forward=64, stack=2)
    made = build_w2v_bert(size, seed=1)
    made.save(tmp_path / "w2v")
    loaded = load_speech_encoder(tmp_path / "w2v")
    assert isinstance(loaded, W2vBert)
    assert equal_weights(loaded, made)


def test_an_encoder_of_another_kind_is_refused_by_name(tmp_path):
    Qwen2Config().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="holds a qwen2; speech encoders are w2v-BERT"):
        load_speech_encoder(tmp_path)
