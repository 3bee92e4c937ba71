"""LoRA adapters through peft: inserted in any model, trained alone, merged into the weights."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import nn

ONLY_LORA = r"^(?!.*lora_)"  # in `Stage.frozen`: only the adapters train


@dataclass(frozen=True, kw_only=True)
class Lora:
    """Sizes of adapters; the defaults are LLM-SRT's at the time of its paper (2409.19510)."""

    rank: int = 8
    alpha: int = 32
    dropout: float = 0.05
    targets: tuple[str, ...] = ("q_proj", "v_proj")

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Lora:
        """From JSON-able data, as `dataclasses.asdict` makes it."""
        return cls(**{**facts, "targets": tuple(facts["targets"])})


def add_lora(
    model: nn.Module, rank: int, alpha: int, targets: tuple[str, ...], dropout: float = 0.0
) -> int:
    """Add an adapter to every linear layer whose name ends in one of `targets`.

    An adapter starts at zero, so outputs do not change. LLM-SRT: rank 8, alpha 32, dropout 0.05,
    q_proj and v_proj (code of 2409.19510).

    Returns:
        The number of parameters added.

    Raises:
        ValueError: no layer has such a name.
    """
    before = sum(parameter.numel() for parameter in model.parameters())
    config = LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=list(targets)
    )
    inject_adapter_in_model(config, model)
    return sum(parameter.numel() for parameter in model.parameters()) - before


def merge_lora(model: nn.Module) -> None:
    """Add the adapters to the weights beside them: the same outputs at no extra cost."""
    for layer in _lora_layers(model):
        layer.merge(safe_merge=True)


def unmerge_lora(model: nn.Module) -> None:
    """Subtract merged adapters from the weights again."""
    for layer in _lora_layers(model):
        layer.unmerge()


def without_lora(model: nn.Module) -> nn.Module:
    """A copy with the adapters merged and gone, as plain transformers has it; or the model itself.

    The copy takes as much memory again.
    """
    if not any(_lora_layers(model)):
        return model
    plain = copy.deepcopy(model)
    for name, layer in [(n, m) for n, m in plain.named_modules() if isinstance(m, LoraLayer)]:
        layer.merge(safe_merge=True)
        plain.set_submodule(name, layer.get_base_layer())
    return plain


def _lora_layers(model: nn.Module) -> Iterator[LoraLayer]:
    return (module for module in model.modules() if isinstance(module, LoraLayer))
