"""Small Seamlesses with the weights of a seed."""

import torch

from lib.models.seamless import build_seamless
from tests.conftest import SMALL_SIZE

LANGUAGES = ["est", "eng", "spa"]


def build(tokenizer, seed):
    return build_seamless(SMALL_SIZE, tokenizer, LANGUAGES, seed).eval()


def move_head(model):
    """Untie the head and give it other weights than the embeddings."""
    model.untie_head()
    with torch.no_grad():
        noise = torch.Generator().manual_seed(0)
        model.speech.lm_head.weight.add_(torch.randn(32, generator=noise))
    return model


def tables(model):
    """The weights of the embeddings and of the head, of which some may be one tensor."""
    speech = model.speech
    modules = [speech.shared, speech.text_decoder.embed_tokens, speech.lm_head]
    return [*(module.weight for module in modules), model.text_encoder.embed_tokens.weight]
