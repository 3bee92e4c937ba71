"""Strided adapters of speech encoders: which of their states are real, and their padding."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


def states_mask(
    encoder: nn.Module,
    states: Float[Tensor, "batch states hidden"],
    mask: Int[Tensor, "batch frames"],
) -> Int[Tensor, "batch states"]:
    """Which of the states of Seamless' speech encoder are real.

    Args:
        mask: of the frames that it encoded.
    """
    if encoder.adapter is None:
        return mask
    lengths = encoder.adapter.layers[0]._compute_sub_sample_lengths_from_attention_mask(mask)
    return (torch.arange(states.shape[1], device=states.device) < lengths.unsqueeze(1)).long()


def mask_padding(layer: nn.Module) -> None:
    """Zero padded frames before the convolutions of an adapter layer.

    Hugging Face's layers (Seamless, w2v-BERT) normalise padding to non-zero values that the
    convolution reaches, so the last state of a short utterance depends on the longest one of its
    batch.

    Args:
        layer: called with the mask of its input frames as `attention_mask`.
    """
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
