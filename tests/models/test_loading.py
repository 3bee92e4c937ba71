import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import M2M100Config, M2M100ForConditionalGeneration

from lib.models.loading import load_checkpoint

CLASS = M2M100ForConditionalGeneration
NAME = "model.decoder.layers.0.fc1.weight"
OTHER = "model.decoder.layers.9.fc1.weight"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loading")
    config = M2M100Config(
        vocab_size=20,
        d_model=8,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=8,
        decoder_ffn_dim=8,
    )
    CLASS(config).save_pretrained(folder)
    return folder


@pytest.fixture
def checkpoint(folder, tmp_path):
    """A copy of the checkpoint with other weights: `checkpoint(change)`."""

    def write(change):
        state = change(load_file(folder / "model.safetensors"))
        save_file(state, tmp_path / "model.safetensors", metadata={"format": "pt"})
        (tmp_path / "config.json").write_text((folder / "config.json").read_text())
        return tmp_path

    return write


def without(state):
    return {name: tensor for name, tensor in state.items() if name != NAME}


def test_every_weight_is_loaded(folder):
    stored = load_file(folder / "model.safetensors")
    loaded = load_checkpoint(CLASS, folder, "NLLB").state_dict()
    assert [name for name in stored if not torch.equal(stored[name], loaded[name])] == []


@pytest.mark.parametrize(
    "change, message",
    [
        (without, f"lacks 1 weights of {CLASS.__name__}: {NAME}"),
        (
            lambda state: state | {OTHER: state[NAME].clone()},
            f"has, unexpectedly, 1 weights of {CLASS.__name__}: {OTHER}",
        ),
        (
            lambda state: state | {NAME: state[NAME][:-1].clone()},
            f"has in another shape 1 weights of {CLASS.__name__}: {NAME}",
        ),
    ],
    ids=["missing", "unexpected", "shape"],
)
def test_other_weights_are_refused_by_name(checkpoint, change, message):
    with pytest.raises(ValueError, match=message):
        load_checkpoint(CLASS, checkpoint(change), "NLLB")


def test_weights_that_are_not_needed_may_be_declared(checkpoint):
    path = checkpoint(lambda state: state | {"vocoder.weight": torch.ones(1)})
    assert load_checkpoint(CLASS, path, "NLLB", unused_prefixes=("vocoder.",))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="no NLLB checkpoint at .*nothing"):
        load_checkpoint(CLASS, tmp_path / "nothing", "NLLB")


def test_pickled_weights_are_refused(folder, tmp_path):
    model = load_checkpoint(CLASS, folder, "NLLB")
    model.save_pretrained(tmp_path, safe_serialization=False)
    with pytest.raises(ValueError, match="no NLLB checkpoint"):
        load_checkpoint(CLASS, tmp_path, "NLLB")


def test_dtype(folder):
    model = load_checkpoint(CLASS, folder, "NLLB", dtype=torch.bfloat16)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_attention_implementation(folder, attention):
    model = load_checkpoint(CLASS, folder, "NLLB", attention=attention)
    assert model.config._attn_implementation == attention
