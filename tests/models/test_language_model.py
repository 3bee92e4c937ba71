"""Tokenizers and language models: trained here, and in the layouts of published ones."""

import os
import random
import subprocess
import sys
import unicodedata

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoTokenizer,
    MT5Config,
    MT5ForConditionalGeneration,
    Qwen2ForCausalLM,
    Qwen2TokenizerFast,
)

from lib.files import content_hash
from lib.models.language_model import (
    END,
    PADDING,
    QwenSize,
    build_qwen,
    load_language_model,
    train_qwen_tokenizer,
)
from lib.models.tokenizer import text_ids
from lib.workbook.paths import ROOT

SIZE = QwenSize(hidden=32, heads=2, key_value_heads=1, layers=2, feed_forward=64, subwords=320)
TEXTS = ["two dollars and a day", "zwei Dollar und ein Tag", "两美元和一天", "два доллара"] * 20
WEIGHT = "model.layers.1.mlp.down_proj.weight"
TRAIN = """
import sys
from lib.models.language_model import train_qwen_tokenizer
from tests.models.test_language_model import SIZE, TEXTS
train_qwen_tokenizer(TEXTS, SIZE.subwords, sys.argv[1])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("language-model") / "tokenizer"
    train_qwen_tokenizer(TEXTS, SIZE.subwords, folder)
    return folder


@pytest.fixture
def tokenizer(folder):
    return Qwen2TokenizerFast.from_pretrained(folder)


@pytest.fixture
def saved(tokenizer, tmp_path):
    """A small Qwen2 and its tokenizer in one folder, as on the hub."""
    build_qwen(SIZE, tokenizer, seed=1).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


# ---- the tokenizer ----


@pytest.mark.slow
def test_training_gives_the_same_tokenizer_in_another_process(folder, tmp_path):
    code = [sys.executable, "-c", TRAIN, str(tmp_path / "other")]
    # another hash seed: sets and dictionaries of strings have another order
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    subprocess.run(code, check=True, cwd=ROOT, env=environment)
    hashes = [
        content_hash((f / name).read_text(encoding="utf-8"))
        for f in (folder, tmp_path / "other")
        for name in ("tokenizer.json", "vocab.json", "merges.txt")
    ]
    assert hashes[:3] == hashes[3:]


def test_any_text_is_written_back(tokenizer):
    rng = random.Random(1)
    planes = [(0x20, 0x7F), (0xA0, 0x2FF), (0x400, 0x4FF), (0x4E00, 0x9FFF), (0x1F300, 0x1F6FF)]
    for _ in range(300):
        text = "".join(chr(rng.randint(*rng.choice(planes))) for _ in range(rng.randint(1, 20)))
        text = unicodedata.normalize("NFC", text)  # as Qwen2's tokenizer does
        assert tokenizer.decode(text_ids(tokenizer, text)) == text


@pytest.mark.parametrize("text", ["  two  spaces ", "a\n\nb\t", "12345", "`` ' , . !", "ſ ﬁ"])
def test_spaces_and_digits_are_kept(tokenizer, text):
    assert tokenizer.decode(text_ids(tokenizer, text)) == text


def test_padding_is_not_the_end_token(tokenizer):
    assert (tokenizer.eos_token, tokenizer.pad_token) == (END, PADDING)
    assert tokenizer.pad_token_id != tokenizer.eos_token_id
    assert 256 < len(tokenizer) <= SIZE.subwords
    assert max(tokenizer.get_vocab().values()) == len(tokenizer) - 1


def test_it_is_loaded_by_plain_transformers(folder, tokenizer):
    plain = AutoTokenizer.from_pretrained(folder)
    assert isinstance(plain, Qwen2TokenizerFast)
    assert plain.get_vocab() == tokenizer.get_vocab()


def test_it_learnt_from_the_texts(tokenizer):
    assert len(text_ids(tokenizer, " dollars")) < len(" dollars")
    assert not {END, PADDING} & {tokenizer.decode([i]) for i in text_ids(tokenizer, TEXTS[0])}


# ---- models ----


def test_every_number_is_loaded(saved, tokenizer):
    model, loaded_tokenizer = load_language_model(saved)
    own = build_qwen(SIZE, tokenizer, seed=1).state_dict()
    assert isinstance(model, Qwen2ForCausalLM)
    assert all(torch.equal(own[name], tensor) for name, tensor in model.state_dict().items())
    assert loaded_tokenizer.get_vocab() == tokenizer.get_vocab()
    assert loaded_tokenizer.pad_token == PADDING


@pytest.mark.parametrize("seed, same", [(1, True), (2, False)])
def test_random_weights_are_those_of_the_seed(tokenizer, seed, same):
    one, other = (build_qwen(SIZE, tokenizer, s).state_dict()[WEIGHT] for s in (1, seed))
    assert torch.equal(one, other) is same


def test_input_and_output_rows_are_one_as_in_qwen(tokenizer):
    model = build_qwen(SIZE, tokenizer, seed=1)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_qwens_padding_is_replaced(saved):
    """The published tokenizer pads with its end token, so that no model would learn to stop."""
    tokenizer = AutoTokenizer.from_pretrained(saved)
    tokenizer.pad_token = tokenizer.eos_token
    tokenizer.save_pretrained(saved)
    assert AutoTokenizer.from_pretrained(saved).pad_token == END
    _, loaded = load_language_model(saved)
    assert (loaded.pad_token, loaded.eos_token) == (PADDING, END)
    assert loaded.pad_token_id != loaded.eos_token_id


def test_a_tokenizer_without_padding_gets_one(saved):
    tokenizer = AutoTokenizer.from_pretrained(saved)
    tokenizer.pad_token = None
    tokenizer.save_pretrained(saved)
    assert load_language_model(saved)[1].pad_token_id is not None


def test_an_encoder_decoder_is_loaded_as_one(tokenizer, tmp_path):
    config = MT5Config(
        vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2
    )
    own = MT5ForConditionalGeneration(config)
    own.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model, _ = load_language_model(tmp_path)
    assert isinstance(model, MT5ForConditionalGeneration)
    pairs = zip(model.state_dict().values(), own.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_the_type_of_the_weights_may_be_chosen(saved):
    assert load_language_model(saved, torch.bfloat16)[0].dtype == torch.bfloat16
    assert load_language_model(saved)[0].dtype == torch.float32


@pytest.mark.parametrize("tensor", [None, torch.zeros(3)], ids=["missing", "another shape"])
def test_a_wrong_weight_is_named(saved, tensor):
    tensors = load_file(saved / "model.safetensors")
    del tensors[WEIGHT]
    changed = tensors | ({} if tensor is None else {WEIGHT: tensor})
    save_file(changed, saved / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match=r"layers\.1\.mlp\.down_proj\.weight"):
        load_language_model(saved)


def test_a_missing_model_is_named_in_one_line(tmp_path):
    with pytest.raises(ValueError, match="no language model at") as caught:
        load_language_model(tmp_path / "nothing")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
