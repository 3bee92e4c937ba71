"""That states do not depend on the batch is in test_seamless.py."""

import pytest
import torch

from lib.models.adapter_padding import states_mask


@pytest.fixture
def encoder(model):
    return model.speech.speech_encoder


@torch.no_grad()
@pytest.mark.parametrize("frames", [4, 5, 17, 40])
def test_every_state_of_a_single_clip_is_real(encoder, frames):
    mask = torch.ones(1, frames, dtype=torch.long)
    states = encoder(torch.randn(1, frames, 320), attention_mask=mask).last_hidden_state
    assert states_mask(encoder, states, mask).tolist() == [[1] * states.shape[1]]


@torch.no_grad()
def test_a_clip_has_as_many_states_in_a_batch(encoder):
    alone = encoder(torch.randn(1, 17, 320), attention_mask=torch.ones(1, 17).long())
    mask = (torch.arange(40) < torch.tensor([[17], [40]])).long()
    states = encoder(torch.randn(2, 40, 320), attention_mask=mask).last_hidden_state
    found = states_mask(encoder, states, mask)
    assert found[0].sum() == alone.last_hidden_state.shape[1]
    assert found[1].all()


def test_without_adaptor_each_frame_is_a_state(encoder, monkeypatch):
    monkeypatch.setattr(encoder, "adapter", None)
    mask = torch.tensor([[1, 1, 0]])
    assert states_mask(encoder, torch.zeros(1, 3, 32), mask) is mask


@torch.no_grad()
def test_without_a_mask_nothing_is_masked(encoder):
    features = torch.randn(1, 17, 320)
    masked = encoder(features, attention_mask=torch.ones(1, 17).long()).last_hidden_state
    plain = encoder(features).last_hidden_state
    assert torch.allclose(plain, masked, atol=1e-5)
