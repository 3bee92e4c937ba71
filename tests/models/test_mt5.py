"""Small MT5s and their tokenizers: in mT5's layout, and read by plain transformers."""

import pytest
import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    MT5ForConditionalGeneration,
    T5TokenizerFast,
)

from lib.corpora.phrasebook import TINY_BREADTH, Phrasebook
from lib.models.language_model import load_language_model
from lib.models.mt5 import MT5Size, build_mt5, train_mt5_tokenizer
from lib.models.tokenizer import text_ids

SIZE = MT5Size(hidden=32, heads=2, layers=2, feed_forward=64, subwords=400)
ACCENTS = ["ça és garçon", "Öl und Straße", "l'açò, ñandú: naïve!", "Dvě půlky, ülő", "½ von 12"]


@pytest.fixture(scope="module")
def texts():
    book = Phrasebook(
        spoken=(), written=("eng", "deu", "cat"), train=0, dev=0, test=0, breadth=TINY_BREADTH
    )
    return [text for sentence in book.sentences(100) for text in sentence.values()]


@pytest.fixture(scope="module")
def folder(texts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mt5") / "tokenizer"
    train_mt5_tokenizer(texts, SIZE.subwords, folder)
    return folder


@pytest.fixture
def tokenizer(folder):
    return T5TokenizerFast.from_pretrained(folder)


@pytest.fixture
def saved(tokenizer, tmp_path):
    """A model and its tokenizer in one folder, as on the hub."""
    build_mt5(SIZE, tokenizer, seed=1).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


# ---- the tokenizer ----


def test_the_first_ids_are_mt5s(tokenizer):
    assert tokenizer.convert_ids_to_tokens([0, 1, 2]) == ["<pad>", "</s>", "<unk>"]
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id) == (0, 1, 2)
    assert tokenizer.bos_token is None


def test_an_end_stands_behind_a_text_unless_it_is_unwanted(tokenizer):
    assert tokenizer("Montag").input_ids == [*text_ids(tokenizer, "Montag"), 1]


def test_its_size_is_what_was_asked_for(tokenizer):
    assert len(tokenizer) == SIZE.subwords
    assert max(tokenizer.get_vocab().values()) == SIZE.subwords - 1


@pytest.mark.parametrize("text", ACCENTS[:-1])
def test_texts_with_accents_are_written_back(tokenizer, text):
    ids = text_ids(tokenizer, text)
    assert tokenizer.unk_token_id not in ids
    assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_texts_that_it_was_trained_on_are_written_back(tokenizer, texts):
    assert [t for t in texts if tokenizer.decode(text_ids(tokenizer, t)) != t] == []


def test_it_learnt_from_the_texts(tokenizer):
    assert len(text_ids(tokenizer, " Dollar")) < len("Dollar")


def test_plain_transformers_loads_it(folder, tokenizer):
    plain = AutoTokenizer.from_pretrained(folder)
    assert isinstance(plain, T5TokenizerFast)
    assert plain.get_vocab() == tokenizer.get_vocab()
    assert [plain(t).input_ids for t in ACCENTS] == [tokenizer(t).input_ids for t in ACCENTS]


def test_training_again_gives_the_same_tokenizer(folder, texts, tmp_path):
    train_mt5_tokenizer(texts, SIZE.subwords, tmp_path / "again")
    for name in ("tokenizer.json", "spiece.model"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


# ---- models ----


@pytest.mark.parametrize("seed, same", [(1, True), (2, False)])
def test_random_weights_are_those_of_the_seed(tokenizer, seed, same):
    before = torch.get_rng_state()
    one, other = (build_mt5(SIZE, tokenizer, s).state_dict() for s in (1, seed))
    name = "decoder.block.1.layer.1.EncDecAttention.q.weight"
    assert torch.equal(one[name], other[name]) is same
    assert torch.equal(torch.get_rng_state(), before)


def test_its_sizes(tokenizer):
    model = build_mt5(SIZE, tokenizer, seed=1)
    assert model.get_input_embeddings().weight.shape == (SIZE.subwords, SIZE.hidden)
    assert (len(model.encoder.block), len(model.decoder.block)) == (SIZE.layers, SIZE.layers)
    query = model.encoder.block[0].layer[0].SelfAttention.q.weight
    assert query.shape == (SIZE.hidden, SIZE.hidden)


def test_input_and_output_rows_are_one(tokenizer):
    model = build_mt5(SIZE, tokenizer, seed=1)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_decoders_start_from_padding_and_end_with_the_end(tokenizer):
    config = build_mt5(SIZE, tokenizer, seed=1).config
    assert (config.decoder_start_token_id, config.pad_token_id, config.eos_token_id) == (0, 0, 1)


def test_plain_transformers_loads_the_model(saved, tokenizer):
    model, info = AutoModelForSeq2SeqLM.from_pretrained(saved, output_loading_info=True)
    assert isinstance(model, MT5ForConditionalGeneration)
    assert not any(info[problem] for problem in ("missing_keys", "unexpected_keys"))
    own = build_mt5(SIZE, tokenizer, seed=1).state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in model.state_dict().items())


def test_it_is_loaded_as_a_published_one(saved, tokenizer):
    model, loaded = load_language_model(saved)
    assert isinstance(model, MT5ForConditionalGeneration)
    own = build_mt5(SIZE, tokenizer, seed=1).state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in model.state_dict().items())
    assert loaded.get_vocab() == tokenizer.get_vocab()
    assert (loaded.pad_token_id, loaded.eos_token_id) == (0, 1)
