"""Hugging Face's attention and ours, on the same weights."""

import copy

import pytest
import torch

from lib.models.relative_attention import SWITCH, RelativeAttention, use_relative_attention
from lib.models.w2v_bert import W2vBertSize, build_w2v_bert
from tests.models.seamless import build

FRAMES = 90  # more than 64, so that distances are clamped on both sides
SIZE = W2vBertSize(hidden=32, heads=4, layers=3, feed_forward=64, stack=2)


@pytest.fixture(params=["seamless", "w2v_bert"])
def pair(request, tokenizer, monkeypatch):
    """An encoder with Hugging Face's attention, and a copy of it with ours."""
    monkeypatch.setenv(SWITCH, "transformers")
    if request.param == "seamless":
        theirs = build(tokenizer, seed=3).speech.speech_encoder
    else:
        theirs = build_w2v_bert(SIZE, seed=3).model
    monkeypatch.delenv(SWITCH)
    ours = copy.deepcopy(theirs)
    use_relative_attention(ours)
    return theirs, ours


def attentions(encoder):
    return [m for m in encoder.modules() if isinstance(m, RelativeAttention)]


def speech(encoder):
    """Two utterances, one with padding."""
    torch.manual_seed(1)
    features = torch.randn(2, FRAMES, encoder.config.feature_projection_input_dim)
    mask = torch.ones(2, FRAMES, dtype=torch.long)
    mask[1, 70:] = 0
    return features, mask


def states(encoder):
    features, mask = speech(encoder)
    found = encoder(features, attention_mask=mask).last_hidden_state
    return found[0], found[1, : found.shape[1] * 70 // FRAMES - 1]


def test_every_layer_with_relative_positions_is_replaced(pair):
    theirs, ours = pair
    layers = theirs.encoder.layers
    assert len(attentions(ours)) == len(layers) and not attentions(theirs)


def test_states_are_equal(pair):
    theirs, ours = (encoder.eval() for encoder in pair)
    for one, other in zip(states(theirs), states(ours), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_gradients_are_equal(pair):
    gradients = []
    for encoder in (encoder.eval() for encoder in pair):
        sum(part.square().mean() for part in states(encoder)).backward()
        found = {n: p.grad for n, p in encoder.named_parameters() if p.grad is not None}
        gradients.append(found)
    theirs, ours = gradients
    assert any("distance_embedding" in name for name in theirs)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


def test_weights_have_the_same_names(pair):
    theirs, ours = pair
    assert ours.state_dict().keys() == theirs.state_dict().keys()


@torch.no_grad()
def test_dropout_is_of_attention_weights(pair):
    """As in Hugging Face's: with all of them dropped, only the bias of the output is left."""
    for attention in attentions(pair[1]):
        attention.dropout.p = 1.0
        attention.train()
        hidden = torch.randn(1, FRAMES, attention.linear_q.in_features)
        expected = attention.linear_out.bias.expand(1, FRAMES, -1)
        torch.testing.assert_close(attention(hidden)[0], expected)


def test_half_precision(pair):
    theirs, ours = (encoder.eval() for encoder in pair)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        for one, other in zip(states(theirs), states(ours), strict=True):
            assert (one - other).abs().mean() < 0.02 * one.abs().mean()


def test_attention_weights_are_refused(pair):
    features, mask = speech(pair[1])
    with pytest.raises(ValueError, match=f"{SWITCH}=transformers"):
        pair[1](features, attention_mask=mask, output_attentions=True)
