"""Encoder states on disk, for this family of models, and in half precision."""

from dataclasses import replace

import pytest
import torch

from lib.models.bridges.strided_conv import StridedConvConfig
from lib.systems.it_ist.recipe import FROZEN
from lib.training.encoder_states import EncoderStateCache, encoder_state_cache
from lib.training.stages import Stage

ALIGN = Stage(
    name="align", updates=1, learning_rate=1e-3, warmup_updates=1, batch_seconds=9.0, frozen=FROZEN
)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["causal", "bidirectional", "t5"])
def test_stored_states_give_the_same_logits(build, collate_for, spoken, tmp_path, kind):
    model = build(kind)
    cache, collate = encoder_state_cache(model, ALIGN, tmp_path), collate_for(model)
    cache(collate(spoken[:2]))  # in another batch
    batch = collate(spoken)
    stored = cache(batch)
    assert cache.computed == len(spoken)
    real = batch.prefix_mask.bool()
    assert torch.allclose(model.logits(stored)[real], model.logits(batch)[real], atol=2e-5)
    again = EncoderStateCache(tmp_path, model)
    assert torch.equal(again(batch).states, stored.states)
    assert again.computed == 0


def test_only_a_frozen_encoder_has_stored_states(build, tmp_path):
    model = build()
    assert encoder_state_cache(model, replace(ALIGN, frozen=()), tmp_path) is None
    assert encoder_state_cache(model, replace(ALIGN, frozen=FROZEN[1:]), tmp_path) is None
    assert encoder_state_cache(model, ALIGN, tmp_path) is not None


class Racing(torch.Tensor):
    """States in whose writing another process writes too."""

    def numpy(self):
        self.other()
        return self.as_subclass(torch.Tensor).numpy()


def test_two_processes_may_write_at_once(build, tmp_path):
    """All processes of an alignment share the folder, and so do trainings with other seeds."""
    model = build()
    first, second = EncoderStateCache(tmp_path, model), EncoderStateCache(tmp_path, model)
    states = torch.full((3, model.states_width), 1.0).as_subclass(Racing)
    states.other = lambda: second._write("b", torch.full((5, model.states_width), 2.0))
    first._write("a", states)
    assert torch.equal(first._read("a"), torch.full((3, model.states_width), 1.0))
    assert torch.equal(second._read("b"), torch.full((5, model.states_width), 2.0))


@torch.no_grad()
@pytest.mark.parametrize("kind", ["causal", "bidirectional"])
def test_bfloat16_is_near_float32(build, collate_for, spoken, kind):
    """As `full` trains: a mask in float32 must fit attention in bfloat16."""
    model = build(kind)
    batch = collate_for(model)(spoken)
    real, exact = batch.prefix_mask.bool(), model.logits(batch)
    with torch.autocast("cpu", torch.bfloat16):
        found = model.logits(batch)[real].float()
    assert found.isfinite().all()
    assert (found - exact[real]).abs().mean() < 0.1 * exact[real].abs().mean()


def test_gradients_are_finite_in_bfloat16(build, collate_for, spoken):
    model = build("bidirectional", bridge=StridedConvConfig(compression=16))
    batch = collate_for(model)(spoken)
    with torch.autocast("cpu", torch.bfloat16):
        loss = model.logits(batch).float().log_softmax(-1)[batch.prefix_mask.bool()].mean()
    loss.backward()
    for parameter in (*model.bridge.parameters(), *model.tags.parameters()):
        assert parameter.grad.isfinite().all()
