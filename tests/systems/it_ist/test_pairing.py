"""Counts on the meta device: what the published pairings have, without a weight in memory."""

import pytest
from transformers import Wav2Vec2BertConfig

from lib.models.bridges.strided_conv import COMPRESSIONS, StridedConvConfig
from lib.systems.it_ist.pairing import (
    LANGUAGE_MODELS,
    check_pairing,
    chosen_language_model,
    over_budget,
)


@pytest.fixture(scope="module")
def published():
    return check_pairing("qwen2.5-1.5b")


def test_the_adapter_has_50_million_parameters_at_width_1024(published):
    assert published.bridge_parameters == 50_370_560
    assert published.projection_parameters == 1024 * 1536 + 1536


def test_a_position_is_80_ms_and_two_minutes_are_1500(published):
    assert published.milliseconds == 80.0
    assert published.positions == 1500


def test_thirty_seconds_are_375_positions():
    assert check_pairing("qwen2.5-0.5b", seconds=30.0).positions == 375


def test_the_encoder_has_580_million_parameters(published):
    assert published.encoder_parameters == pytest.approx(580e6, rel=0.01)


@pytest.mark.parametrize(
    "name, count", [("qwen2.5-0.5b", 494_032_768), ("qwen2.5-1.5b", 1_543_714_304)]
)
def test_parameters_of_language_models(name, count):
    assert check_pairing(name).language_model_parameters == count
    assert over_budget(LANGUAGE_MODELS[name].config) == ""


@pytest.mark.parametrize("name, size", [("phi-4-mini", "3.8"), ("qwen2.5-3b", "3.1")])
def test_larger_language_models_are_above_the_papers_bound(name, size):
    expected = f"{size} B parameters, above the paper's bound of 2 B"
    assert over_budget(LANGUAGE_MODELS[name].config) == expected
    assert chosen_language_model(name).name == name


@pytest.mark.parametrize("name", LANGUAGE_MODELS)
def test_every_pairing_fits(name):
    assert check_pairing(name).language_model == name


@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_positions_of_every_compression(compression, before):
    small = Wav2Vec2BertConfig(
        hidden_size=64, num_attention_heads=2, num_hidden_layers=1, intermediate_size=64
    )
    bridge = StridedConvConfig(compression=compression, before_encoder=before)
    found = check_pairing("qwen2.5-0.5b", bridge, small)
    assert found.positions == 12_000 // compression
    assert found.milliseconds == 10 * compression


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown language model 'qwen3'; use qwen2.5-0.5b"):
        chosen_language_model("qwen3")
