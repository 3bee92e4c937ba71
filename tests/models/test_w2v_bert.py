"""w2v-BERT: small ones in the layout of the published checkpoint, saved and loaded."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    SeamlessM4TFeatureExtractor,
    Wav2Vec2BertConfig,
    Wav2Vec2BertModel,
)

from lib.data.batch import lengths_mask
from lib.data.collate import Collator
from lib.models.w2v_bert import W2vBert, W2vBertSize, build_w2v_bert, load_w2v_bert
from lib.tasks import ASR, examples
from lib.training.ctc import CtcObjective
from tests.models.published import as_published

SIZE = W2vBertSize(hidden=32, heads=2, layers=2, feed_forward=64, stack=2)
WEIGHT = "encoder.layers.1.self_attn.linear_q.weight"


def features(lengths, stack=2, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(len(lengths), max(lengths), 80 * stack, generator=rng), lengths_mask(lengths)


@pytest.fixture
def folder(tmp_path):
    build_w2v_bert(SIZE, seed=1).save(tmp_path / "w2v")
    return as_published(tmp_path / "w2v")


def test_every_number_is_loaded(folder):
    one, other = build_w2v_bert(SIZE, seed=1).state_dict(), load_w2v_bert(folder).state_dict()
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_it_has_the_files_of_the_published_one(folder):
    names = {path.name for path in folder.iterdir()}
    assert {"config.json", "model.safetensors", "preprocessor_config.json"} <= names
    extractor = SeamlessM4TFeatureExtractor.from_pretrained(folder)
    assert (extractor.stride, extractor.num_mel_bins) == (2, 80)


def test_the_published_layout_is_loaded(tmp_path):
    """`facebook/w2v-bert-2.0` with few and narrow layers: its config has more than is needed."""
    published = Wav2Vec2BertConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        output_hidden_size=32,
    )
    assert (published.feature_projection_input_dim, published.add_adapter) == (160, False)
    plain = Wav2Vec2BertModel(published).eval()
    plain.save_pretrained(tmp_path)
    SeamlessM4TFeatureExtractor().save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["architectures"] == ["Wav2Vec2BertModel"]
    model = load_w2v_bert(tmp_path).eval()
    assert model.stack == 2
    given, mask = features([20, 9])
    with torch.no_grad():
        expected = plain(given, attention_mask=mask).last_hidden_state
        states, states_mask = model.frame_states(given, mask)
    torch.testing.assert_close(states, expected, atol=1e-5, rtol=0)
    assert torch.equal(states_mask, mask)


@pytest.mark.parametrize("tensor", [None, torch.zeros(3)], ids=["missing", "another shape"])
def test_a_wrong_weight_is_named(folder, tensor):
    tensors = load_file(folder / "model.safetensors")
    del tensors[WEIGHT]
    changed = tensors | ({} if tensor is None else {WEIGHT: tensor})
    save_file(changed, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match=r"self_attn\.linear_q\.weight"):
        load_w2v_bert(folder)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="no w2v-BERT checkpoint at"):
        load_w2v_bert(tmp_path / "nothing")


def test_an_adapter_inside_is_refused(tmp_path):
    config = Wav2Vec2BertConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        output_hidden_size=32,
        add_adapter=True,
    )
    model = Wav2Vec2BertModel(config)
    with pytest.raises(ValueError, match="an adapter of its own"):
        W2vBert(model)
    model.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="an adapter of its own"):
        load_w2v_bert(tmp_path)


@pytest.mark.parametrize("seed, same", [(1, True), (2, False)])
def test_random_weights_are_those_of_the_seed(seed, same):
    before = torch.get_rng_state()
    one, other = build_w2v_bert(SIZE, seed=1), build_w2v_bert(SIZE, seed=seed)
    name = f"model.{WEIGHT}"
    assert torch.equal(one.state_dict()[name], other.state_dict()[name]) is same
    assert torch.equal(torch.get_rng_state(), before)


@torch.no_grad()
def test_states_do_not_depend_on_the_batch():
    model, lengths = build_w2v_bert(SIZE, seed=1).eval(), [31, 4, 18]
    given, mask = features(lengths)
    given[~mask.bool()] = 3.0
    together, _ = model.frame_states(given, mask)
    for row, length in enumerate(lengths):
        alone, _ = model.frame_states(given[row : row + 1, :length], mask[row : row + 1, :length])
        assert alone.shape == (1, length, 32)
        assert torch.allclose(together[row, :length], alone[0], atol=1e-5)


@pytest.mark.parametrize("stack", [1, 2, 4])
def test_the_features_have_the_encoders_width(stack, corpus):
    model = build_w2v_bert(replace(SIZE, stack=stack), seed=1)
    assert model.stack == stack
    extractor = model.feature_extractor(30.0)
    (found,) = extractor.extract([corpus.split("train", "eng")[0].sound])
    assert found.shape[1] == model.config.feature_projection_input_dim == 80 * stack


def test_all_weights_are_trained_by_ctc(corpus):
    model = build_w2v_bert(SIZE, seed=1)
    given = examples(corpus.split("train", "eng")[:3], ASR)
    objective = CtcObjective(model, "abcdefghijklmnopqrstuvwxyz ", seed=1)
    total, count = objective(Collator(objective, model.feature_extractor(30.0))(given))
    (total / count).backward()
    unused = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    # a bias of keys adds the same number to all scores of a softmax
    assert [n for n in unused if not n.endswith("linear_k.bias")] == []
