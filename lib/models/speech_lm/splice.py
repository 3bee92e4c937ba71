"""Splice speech into text: embeddings, labels, positions and masks of a language model's input.

A row is `[speech][tokens]`, both without padding between them; padding stands at one end of the
row. A position of padding has no number: rotary positions count real positions only. (IT-IST's
released code leaves the padding of speech in the middle and counts it.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lib.data.batch import IGNORED

CAUSAL, BIDIRECTIONAL = "causal", "bidirectional"  # attention among the positions of speech
ATTENTIONS = (CAUSAL, BIDIRECTIONAL)


@dataclass(frozen=True, kw_only=True)
class Spliced:
    """The input of a language model."""

    embeddings: Float[Tensor, "batch positions width"]
    mask: Int[Tensor, "batch positions"]  # 1: real, 0: padding
    is_speech: Bool[Tensor, "batch positions"]
    position_ids: Int[Tensor, "batch positions"]  # 0 for the first real position
    labels: Int[Tensor, "batch positions"]  # token wanted after each position; -100: none
    # position of each token; of padded tokens, one whose value means nothing
    token_positions: Int[Tensor, "batch tokens"]


def splice(
    speech: Float[Tensor, "batch states width"] | None,
    speech_mask: Int[Tensor, "batch states"] | None,
    tokens: Float[Tensor, "batch tokens width"],
    tokens_mask: Int[Tensor, "batch tokens"],
    labels: Int[Tensor, "batch tokens"] | None = None,
    padding: Literal["left", "right"] = "right",
) -> Spliced:
    """Speech, then tokens, of each row.

    The label of the last prompt token is the first target token, so its logit is kept. (IT-IST's
    released code loses it for the longest target of a batch.)

    Args:
        speech: embeddings from a bridge; None: there are tokens only.
        tokens: embeddings of prompt and target.
        labels: token wanted after each token; None: nothing is learnt.
        padding: "left" to generate after the last position.
    """
    if speech is None:
        speech, speech_mask = tokens[:, :0], tokens_mask[:, :0]
    if labels is None:
        labels = torch.full_like(tokens_mask, IGNORED)
    states = speech.shape[1]
    joined = torch.cat([speech, tokens.to(speech.dtype)], 1)
    mask = torch.cat([speech_mask, tokens_mask], 1)
    labels = torch.cat([torch.full_like(speech_mask, IGNORED), labels], 1)
    is_speech = torch.arange(joined.shape[1], device=mask.device) < states

    # a stable sort by the mask moves padding to one end and keeps the order of all else
    order = mask.argsort(dim=1, descending=padding == "right", stable=True)
    longest = int(mask.sum(1).max())
    cut = joined.shape[1] - longest if padding == "left" else 0
    position_of = order.argsort(dim=1) - cut
    order = order[:, cut : cut + longest]
    mask = mask.gather(1, order)
    width = joined.shape[-1]
    return Spliced(
        embeddings=joined.gather(1, order.unsqueeze(-1).expand(-1, -1, width)),
        mask=mask,
        is_speech=is_speech.expand(len(mask), -1).gather(1, order) & mask.bool(),
        position_ids=(mask.cumsum(1) - 1).clamp(min=0),
        labels=labels.gather(1, order),
        token_positions=position_of[:, states:].clamp(0, longest - 1),
    )


def attention_mask(
    mask: Int[Tensor, "batch positions"],
    is_speech: Bool[Tensor, "batch positions"],
    attention: str,
    dtype: torch.dtype = torch.float32,
) -> Int[Tensor, "batch positions"] | Float[Tensor, "batch 1 positions positions"]:
    """What Hugging Face's models take as `attention_mask`.

    Every position sees itself and what is before it; with bidirectional attention, positions of
    speech see all speech. Nothing sees padding, and no position of speech or prompt sees the
    target.

    Returns:
        The mask of real positions for causal attention; else 0 where a position (third axis) sees
        another (fourth axis), and the lowest number elsewhere.

    Raises:
        ValueError: unknown attention.
    """
    if attention == CAUSAL:
        return mask
    if attention != BIDIRECTIONAL:
        raise ValueError(f"unknown attention {attention!r}; use {' or '.join(ATTENTIONS)}")
    positions = torch.arange(mask.shape[1], device=mask.device)
    before = positions.unsqueeze(1) >= positions
    both_speech = is_speech.unsqueeze(2) & is_speech.unsqueeze(1)
    # a row of padding sees itself, since a softmax over nothing is not a number
    itself = positions.unsqueeze(1) == positions
    seen = ((before | both_speech) & mask.bool().unsqueeze(1)) | itself
    lowest = torch.finfo(dtype).min
    return torch.where(seen, 0.0, lowest).to(dtype).unsqueeze(1)
