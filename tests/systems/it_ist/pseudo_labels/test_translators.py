"""Small random checkpoints in the layouts of the hub's models, and models trained here."""

import json
from dataclasses import replace

import pytest
from sentencepiece import SentencePieceProcessor
from transformers import (
    M2M100Config,
    M2M100ForConditionalGeneration,
    M2M100Tokenizer,
    MarianConfig,
    MarianMTModel,
    MarianTokenizer,
    MBart50Tokenizer,
    MBartConfig,
    MBartForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
    T5Tokenizer,
)

from lib.models.tokenizer import train_sentencepiece
from lib.systems.it_ist.pseudo_labels import translators
from lib.systems.it_ist.pseudo_labels.recipe import PRESETS
from lib.systems.it_ist.pseudo_labels.translators import HubTranslator
from tests.systems.it_ist.pseudo_labels.cases import BOOK

TEXTS = ["Friday and 4 US dollars", "12 kilometers", "Peru"]
SIZES = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
}


@pytest.fixture(scope="module")
def spm(tmp_path_factory):
    path = tmp_path_factory.mktemp("spm") / "model.spm"
    sentences = BOOK.sentences(200)
    path.write_bytes(train_sentencepiece([t for s in sentences for t in s.values()], 600))
    return path


def vocabulary(spm, folder, specials):
    pieces = SentencePieceProcessor(str(spm))
    words = [pieces.id_to_piece(i) for i in range(pieces.get_piece_size())]
    names = [*specials, *(word for word in words if word not in specials)]
    path = folder / "words.json"
    path.write_text(json.dumps({name: i for i, name in enumerate(names)}), encoding="utf-8")
    return path


def save(folder, model, tokenizer):
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return str(folder)


def m2m100(folder, spm):
    words = vocabulary(spm, folder, ["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer = M2M100Tokenizer(str(words), str(spm), src_lang="en")
    config = M2M100Config(vocab_size=1200, max_position_embeddings=64, **SIZES)
    return save(folder, M2M100ForConditionalGeneration(config), tokenizer)


def mbart(folder, spm):
    tokenizer = MBart50Tokenizer(str(spm), src_lang="en_XX")
    config = MBartConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **SIZES)
    return save(folder, MBartForConditionalGeneration(config), tokenizer)


def marian(folder, spm):
    words = vocabulary(spm, folder, ["</s>", "<unk>", ">>cmn_Hans<<", "<pad>"])
    tokenizer = MarianTokenizer(str(spm), str(spm), str(words))
    pad = tokenizer.pad_token_id
    config = MarianConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        pad_token_id=pad,
        eos_token_id=0,
        decoder_start_token_id=pad,
        forced_eos_token_id=0,
        **SIZES,
    )
    return save(folder, MarianMTModel(config), tokenizer)


def madlad(folder, spm):
    tokenizer = T5Tokenizer(str(spm), additional_special_tokens=["<2de>", "<2zh>"], extra_ids=0)
    config = T5Config(
        vocab_size=len(tokenizer) + 8,
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=1,
        num_heads=2,
        decoder_start_token_id=tokenizer.pad_token_id,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
    )
    return save(folder, T5ForConditionalGeneration(config), tokenizer)


LAYOUTS = {
    "m2m100-1.2b": m2m100,
    "madlad400-3b": madlad,
    "opus-mt": marian,
    "mbart-50": mbart,
}
FULL = {translator.name: translator for translator in PRESETS["full"].translators}


@pytest.fixture(autouse=True)
def short_outputs(monkeypatch):
    monkeypatch.setattr(translators, "MAX_TOKENS", 12)


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("target", ["deu", "zho"])
def test_each_layout_of_full_translates(name, target, tmp_path, spm):
    path = LAYOUTS[name](tmp_path, spm)
    small = replace(FULL[name], checkpoints={target: path})
    found = translators.translate_by_hub(small, TEXTS, target)
    assert len(found) == 3 and all(isinstance(text, str) for text in found)
    assert translators.translate_by_hub(small, TEXTS, target) == found


def test_a_language_token_that_the_model_lacks_is_refused(tmp_path, spm):
    path = m2m100(tmp_path, spm)
    wrong = HubTranslator(
        name="wrong",
        checkpoints={"deu": path},
        licences={"deu": "MIT"},
        source_token="en",
        first_tokens={"deu": "__xx__"},
    )
    with pytest.raises(ValueError, match="no token '__xx__'"):
        translators.translate_by_hub(wrong, TEXTS, "deu")


def test_pickled_weights_are_refused(tmp_path, spm):
    path = m2m100(tmp_path, spm)
    model = M2M100ForConditionalGeneration.from_pretrained(path)
    (tmp_path / "model.safetensors").unlink()
    model.save_pretrained(path, safe_serialization=False)
    with pytest.raises(ValueError, match="safetensors"):
        small = replace(FULL["m2m100-1.2b"], checkpoints={"deu": path})
        translators.translate_by_hub(small, TEXTS, "deu")


def test_every_model_of_full_has_an_open_licence_and_none_is_nllb():
    for translator in FULL.values():
        assert set(translator.licences) == set(translator.checkpoints) == {"deu", "zho"}
        assert set(translator.licences.values()) <= {"MIT", "Apache-2.0", "CC-BY-4.0"}
        assert not any("nllb" in path for path in translator.checkpoints.values())


def test_each_model_trained_here_misses_other_names():
    contents = BOOK.contents("train", 500)
    items = {item for content in contents for item in content}
    missing = [
        frozenset((i.kind, i.key) for i in items if translators._is_unseen(i, model))
        for model in PRESETS["tiny"].translators
    ]
    assert len(set(missing)) == 4
    assert all(0 < len(names) < 25 for names in missing)
