"""LoRA's outputs before, after and without merging are in tests/invariance."""

import pytest
import torch

from lib.models.lora import ONLY_LORA, add_lora
from lib.training.stages import freeze

TARGETS = ("q_proj", "v_proj")


def test_parameters_added(model):
    """Two matrices of rank x width for each of 2 projections in 2 attentions of 2 layers."""
    added = add_lora(model.speech.text_decoder, rank=4, alpha=8, targets=TARGETS)
    assert added == 2 * (4 * 32) * len(TARGETS) * 2 * 2


def test_only_the_adapters_train(model):
    add_lora(model.speech.text_decoder, rank=4, alpha=8, targets=TARGETS)
    freeze(model, (ONLY_LORA,))
    trainable = [name for name, p in model.named_parameters() if p.requires_grad]
    assert len(trainable) == 2 * len(TARGETS) * 2 * 2
    assert [name for name in trainable if "lora_" not in name] == []


def test_outputs_do_not_change_at_first(model, collate, corpus):
    from lib.tasks import ST, examples

    batch = collate(examples(corpus.split("test", "est"), ST, "eng")[:2])
    before = model.logits(batch)
    add_lora(model.speech.text_decoder, rank=4, alpha=8, targets=TARGETS)
    assert torch.equal(model.logits(batch), before)


def test_a_layer_that_does_not_exist_is_refused(model):
    with pytest.raises(ValueError, match="no_such_proj"):
        add_lora(model.speech.text_decoder, rank=4, alpha=8, targets=("no_such_proj",))
