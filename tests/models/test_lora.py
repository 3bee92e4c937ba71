"""LoRA's outputs before, after and without merging are in tests/invariance."""

import pytest
import torch

from lib.models.lora import ONLY_LORA, add_lora, merge_lora, without_lora
from lib.tasks import ST, examples
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
    batch = collate(examples(corpus.split("test", "est"), ST, "eng")[:2])
    before = model.logits(batch)
    add_lora(model.speech.text_decoder, rank=4, alpha=8, targets=TARGETS)
    assert torch.equal(model.logits(batch), before)


def test_a_layer_that_does_not_exist_is_refused(model):
    with pytest.raises(ValueError, match="no_such_proj"):
        add_lora(model.speech.text_decoder, rank=4, alpha=8, targets=("no_such_proj",))


# ---- a copy without adapters ----


@pytest.fixture
def adapted(model):
    """A model whose adapters change its outputs."""
    add_lora(model, rank=4, alpha=8, targets=TARGETS)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.3, generator=torch.Generator().manual_seed(1))
    return model


@pytest.fixture
def batch(collate, corpus):
    return collate(examples(corpus.split("test", "est"), ST, "eng")[:2])


@torch.no_grad()
@pytest.mark.parametrize("merged", [False, True])
def test_a_copy_without_adapters_has_the_same_logits(adapted, batch, merged):
    if merged:
        merge_lora(adapted)
    plain = without_lora(adapted)
    assert torch.allclose(plain.logits(batch), adapted.logits(batch), atol=1e-5)


@torch.no_grad()
def test_those_adapters_matter(adapted, batch):
    logits = adapted.logits(batch)
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            parameter.zero_()
    assert not torch.allclose(adapted.logits(batch), logits, atol=1e-2)


def test_the_copy_has_the_names_of_a_model_that_never_had_adapters(model):
    names, kinds = list(model.state_dict()), [type(module) for module in model.modules()]
    add_lora(model, rank=4, alpha=8, targets=TARGETS)
    plain = without_lora(model)
    assert list(plain.state_dict()) == names
    assert [type(module) for module in plain.modules()] == kinds


@torch.no_grad()
def test_the_model_itself_keeps_its_adapters_unmerged(adapted, batch):
    before, logits = {n: t.clone() for n, t in adapted.state_dict().items()}, adapted.logits(batch)
    without_lora(adapted)
    assert adapted.state_dict().keys() == before.keys()
    assert all(torch.equal(tensor, before[n]) for n, tensor in adapted.state_dict().items())
    assert torch.equal(adapted.logits(batch), logits)


@torch.no_grad()
def test_the_copy_shares_no_weight_with_the_model(adapted):
    own = {parameter.data_ptr() for parameter in adapted.parameters()}
    assert not own & {parameter.data_ptr() for parameter in without_lora(adapted).parameters()}


def test_a_model_without_adapters_is_itself(model):
    assert without_lora(model) is model
