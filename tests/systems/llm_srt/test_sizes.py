"""The published sizes, counted on the meta device."""

import pytest

from lib.models.bridges.q_former import QFormerConfig
from lib.models.lora import Lora
from lib.systems.llm_srt.recipe import RECIPES
from lib.systems.llm_srt.sizes import LANGUAGE_MODELS, chosen_language_model, count_sizes

PUBLISHED = {  # millions: bridge, LoRA of rank 8; parameters of the language model
    "qwen2.5-3b": (73.7, 1.84, 3_085_938_688),
    "qwen2.5-7b": (80.5, 2.52, 7_615_616_512),
    "qwen2.5-32b": (84.5, 8.39, 32_763_876_352),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_sizes(name):
    bridge, lora, language_model = PUBLISHED[name]
    found = count_sizes(name)
    assert round(found.bridge / 1e6, 1) == bridge
    assert round(found.lora / 1e6, 2) == lora
    assert found.language_model == language_model
    assert round(found.encoder / 1e6) == 637  # Whisper large-v3


def test_every_language_model_of_the_paper_is_counted():
    assert LANGUAGE_MODELS.keys() == PUBLISHED.keys()


def test_the_main_branch_has_adapters_twice_as_large():
    found = count_sizes("qwen2.5-3b", lora=Lora(rank=16)).lora
    assert found == 2 * count_sizes("qwen2.5-3b").lora


def test_the_full_recipe_has_the_published_bridge_and_adapters():
    assert RECIPES["full"].bridges["q_former"] == QFormerConfig()
    assert RECIPES["full"].lora == Lora()


def test_an_unknown_language_model_is_refused_by_name():
    with pytest.raises(ValueError, match="unknown language model 'qwen9'; use qwen2.5-3b, "):
        chosen_language_model("qwen9")
