"""LoRA adapters in any model, through peft: put in, trained alone, merged into the weights."""

from __future__ import annotations

from collections.abc import Iterator

from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import nn

ONLY_LORA = r"^(?!.*lora_)"  # a stage with this in `frozen` trains the adapters and nothing else


def add_lora(model: nn.Module, rank: int, alpha: int, targets: tuple[str, ...], dropout: float = 0.0) -> int:
    """Put an adapter beside every linear layer whose name ends in one of `targets`; how many parameters that adds.

    An adapter starts as zero, so the model says what it said before. LLM-SRT: rank 8, alpha 32, dropout 0.05, q_proj and
    v_proj (2409.19510's code).

    Raises:
        ValueError: no layer has such a name.
    """
    before = sum(parameter.numel() for parameter in model.parameters())
    config = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=list(targets))
    inject_adapter_in_model(config, model)
    return sum(parameter.numel() for parameter in model.parameters()) - before


def merge_lora(model: nn.Module) -> None:
    """Add the adapters to the weights beside them: the same outputs, and no extra work."""
    for layer in _layers(model):
        layer.merge(safe_merge=True)


def unmerge_lora(model: nn.Module) -> None:
    """Take the adapters out of the weights again."""
    for layer in _layers(model):
        layer.unmerge()


def _layers(model: nn.Module) -> Iterator[LoraLayer]:
    return (module for module in model.modules() if isinstance(module, LoraLayer))
