"""The published sizes, counted on the meta device."""

import pytest
import torch
from transformers import MT5Config, MT5ForConditionalGeneration

from lib.systems.mt5_backbone import PRESETS
from lib.systems.zero_resource.recipe import RECIPES
from lib.systems.zero_resource.sizes import CONFORMER, MT0, count_sizes

PUBLISHED = {  # adapter, LoRA of rank 16; the language model in billions
    "bigscience/mt0-xl": (18_878_464, 9_437_184, 3.7),
    "bigscience/mt0-xxl": (62_922_752, 18_874_368, 12.9),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_sizes(name):
    adapter, lora, language_model = PUBLISHED[name]
    found = count_sizes(name)
    assert (found.adapter, found.lora) == (adapter, lora)
    assert round(found.language_model / 1e9, 1) == language_model


@pytest.mark.parametrize("name", PUBLISHED)
def test_lora_is_in_72_attention_blocks(name):
    """24 of the encoder, and 24 that the decoder has twice: of itself and of what was read."""
    assert count_sizes(name).attention_blocks == 72


def test_nothing_is_allocated(monkeypatch):
    made = []
    register = torch.nn.Module.register_parameter

    def seen(self, name, parameter):
        made.append(parameter)
        register(self, name, parameter)

    monkeypatch.setattr(torch.nn.Module, "register_parameter", seen)
    count_sizes("bigscience/mt0-xl")
    assert {parameter.device.type for parameter in made if parameter is not None} == {"meta"}


def test_every_language_model_of_the_paper_is_counted():
    assert set(MT0) == PUBLISHED.keys()


def test_the_language_model_of_full_is_one_of_the_papers():
    assert PRESETS["full"].hub in MT0


def test_the_papers_conformer_has_a_state_every_40_ms():
    assert (CONFORMER.width, CONFORMER.stack) == (1024, 4)


def test_the_full_recipe_has_the_published_adapter_and_lora():
    full = RECIPES["full"]
    assert full.compression == 8
    assert (full.lora.rank, full.lora.targets) == (16, ("q", "v"))


def test_the_counted_model_has_the_layout_of_mt5():
    """A small one of the same class, whose count does not need the meta device."""
    config = MT5Config(vocab_size=16, d_model=8, d_kv=4, d_ff=8, num_heads=2, num_layers=1)
    names = [name for name, _ in MT5ForConditionalGeneration(config).named_modules()]
    assert sum(name.endswith("Attention") for name in names) == 3
