"""The length adaptor of Seamless' speech encoder: which of its states are real, and its padding."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


def states_mask(
    encoder: nn.Module,
    states: Float[Tensor, "batch states hidden"],
    mask: Int[Tensor, "batch frames"],
) -> Int[Tensor, "batch states"]:
    """Which of the speech encoder's states are real.

    Args:
        mask: of the frames that it encoded.
    """
    if encoder.adapter is None:
        return mask
    lengths = encoder.adapter.layers[0]._compute_sub_sample_lengths_from_attention_mask(mask)
    return (torch.arange(states.shape[1], device=states.device) < lengths.unsqueeze(1)).long()


def mask_padding(encoder: nn.Module) -> None:
    """Zero padded frames before the length adaptor's convolutions.

    Hugging Face's adaptor normalises padding to non-zero values that its convolution reaches, so
    the last state of a short utterance depends on the longest one of its batch.
    """
    if encoder.adapter is None:
        return
    layer = encoder.adapter.layers[0]
    current: dict[str, Tensor] = {}

    def remember_mask(_module: nn.Module, args: tuple, kwargs: dict) -> None:
        mask = kwargs.get("attention_mask", args[1] if len(args) > 1 else None)
        current["mask"] = None if mask is None else mask.unsqueeze(-1)

    def zero_padding(_module: nn.Module, _args: tuple, output: Tensor) -> Tensor:
        mask = current["mask"]
        return output if mask is None else output * mask.to(output.dtype)

    layer.register_forward_pre_hook(remember_mask, with_kwargs=True)
    layer.residual_layer_norm.register_forward_hook(zero_padding)
    layer.self_attn_layer_norm.register_forward_hook(zero_padding)
