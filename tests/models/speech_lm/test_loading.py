"""A speech language model is saved whole, and loaded whole or not at all."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    Wav2Vec2BertModel,
)

from lib.decoding import Search, decode
from lib.models.bridges.strided_conv import StridedConvConfig
from lib.models.speech_lm.loading import load_speech_lm
from tests.models.published import as_published
from tests.models.speech_lm.conftest import TAGS

BRIDGE = StridedConvConfig(compression=16, kernel=5, before_encoder=True, layers=1)
FILES = {  # file -> a weight of it
    "encoder/model.safetensors": "encoder.layers.0.ffn1.output_dense.weight",
    "language_model/model.safetensors": "model.layers.1.mlp.up_proj.weight",
    "speech_lm.safetensors": "bridge.convs.layers.0.residual_conv.weight",
}


@pytest.fixture(params=["causal", "bidirectional", "t5"])
def saved(request, build, tmp_path):
    model, folder = build(request.param, seed=5), tmp_path / "model"
    model.save(folder)
    return model, folder


@pytest.fixture
def folder(build, tmp_path):
    build(bridge=BRIDGE).save(tmp_path / "model")
    return as_published(tmp_path / "model")


def test_every_number_is_loaded(saved):
    model, folder = saved
    loaded = load_speech_lm(folder)
    own = loaded.state_dict()
    assert own.keys() == model.state_dict().keys()
    assert all(torch.equal(own[name], tensor) for name, tensor in model.state_dict().items())
    assert (loaded.attention, loaded.tag_names) == (model.attention, TAGS)
    assert not loaded.training


def test_logits_and_outputs_are_equal(saved, collate_for, spoken):
    model, folder = saved
    loaded = load_speech_lm(folder)
    batch = collate_for(model)(spoken)
    again = collate_for(loaded)(spoken)
    assert torch.equal(again.prefix, batch.prefix)
    assert torch.equal(loaded.logits(again), model.logits(batch))
    search = Search(beams=2, max_new_tokens=5)
    one, other = (decode(m, spoken, collate_for(m), search) for m in (model, loaded))
    assert one == other


def test_what_was_loaded_is_saved_and_loaded_again(saved, tmp_path):
    model, folder = saved
    load_speech_lm(folder).save(tmp_path / "again")
    own = load_speech_lm(tmp_path / "again").state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in model.state_dict().items())


def test_plain_transformers_loads_encoder_and_language_model(saved):
    model, folder = saved
    encoder = Wav2Vec2BertModel.from_pretrained(folder / "encoder")
    kind = AutoModelForSeq2SeqLM if model.writes_with_decoder else AutoModelForCausalLM
    language_model = kind.from_pretrained(folder / "language_model")
    tokenizer = AutoTokenizer.from_pretrained(folder / "language_model")
    for own, other in ((encoder, model.encoder.model), (language_model, model.language_model)):
        pairs = zip(own.state_dict().items(), other.state_dict().items(), strict=True)
        assert all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)
    assert tokenizer.get_vocab() == model.tokenizer.get_vocab()
    assert tokenizer.pad_token_id != tokenizer.eos_token_id


def test_the_bridge_is_built_as_it_was_saved(folder):
    assert load_speech_lm(folder).bridge.config == BRIDGE


def test_a_language_model_alone(build_text, tmp_path):
    model = build_text()
    model.save(tmp_path / "model")
    loaded = load_speech_lm(tmp_path / "model")
    assert loaded.encoder is None and loaded.bridge is None and loaded.tags is None
    own = loaded.state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in model.state_dict().items())


def change(path, name, tensor):
    """Leave a weight out of a file, or replace it."""
    tensors = load_file(path)
    del tensors[name]
    save_file(tensors | ({} if tensor is None else {name: tensor}), path, {"format": "pt"})


@pytest.mark.parametrize("tensor", [None, torch.zeros(3)], ids=["missing", "another shape"])
@pytest.mark.parametrize("file", FILES)
def test_a_wrong_weight_is_named(folder, file, tensor):
    change(folder / file, FILES[file], tensor)
    with pytest.raises(ValueError, match=FILES[file].replace(".", r"\.")):
        load_speech_lm(folder)


@pytest.mark.parametrize("file", FILES)
def test_a_weight_too_many_is_named(folder, file):
    tensors = load_file(folder / file)
    save_file(tensors | {"unknown.weight": torch.zeros(1)}, folder / file, {"format": "pt"})
    with pytest.raises(ValueError, match=r"unknown\.weight"):
        load_speech_lm(folder)


def test_missing_tags_are_named(folder):
    change(folder / "speech_lm.safetensors", "tags.weight", None)
    with pytest.raises(ValueError, match=r"does not fit its speech_lm.json: 1 .*: tags\.weight"):
        load_speech_lm(folder)


@pytest.mark.parametrize("file", ["speech_lm.json", "speech_lm.safetensors"])
def test_a_missing_file_is_named(folder, file):
    (folder / file).unlink()
    with pytest.raises(ValueError, match=f"it lacks {file}"):
        load_speech_lm(folder)


@pytest.mark.parametrize(
    "part, name", [("encoder", "speech encoder"), ("language_model", "language")]
)
def test_a_missing_part_is_named(folder, part, name):
    for path in (folder / part).iterdir():
        path.unlink()
    with pytest.raises(ValueError, match=f"no {name}"):
        load_speech_lm(folder)


def test_another_number_of_tags_than_there_are_rows_is_refused(folder):
    facts = json.loads((folder / "speech_lm.json").read_text())
    facts["tags"] = [*facts["tags"], "<|de|>"]
    (folder / "speech_lm.json").write_text(json.dumps(facts))
    with pytest.raises(ValueError, match=r"tags\.weight"):
        load_speech_lm(folder)
