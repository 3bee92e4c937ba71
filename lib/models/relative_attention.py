"""Self-attention of Seamless and w2v-BERT 2.0 without a vector for each pair of frames.

Both add to a query's score of a key the product of the query with an embedding of their distance,
clamped to 64 frames back and 8 ahead (Shaw et al. 2018, "Self-attention with relative position
representations"). Hugging Face looks up the embedding of each pair before it multiplies: for 30 s
of speech a table of 576 MB in each layer. Here each query is multiplied with the 73 embeddings, and
a pair picks its product: the same sums, in another order.
"""

from __future__ import annotations

import os

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers.models.seamless_m4t_v2.modeling_seamless_m4t_v2 import (
    SeamlessM4Tv2ConformerSelfAttention,
)
from transformers.models.wav2vec2_bert.modeling_wav2vec2_bert import Wav2Vec2BertSelfAttention

SWITCH = "WORKBOOK_ATTENTION"  # in the environment; "transformers" leaves Hugging Face's as it is
KINDS = (SeamlessM4Tv2ConformerSelfAttention, Wav2Vec2BertSelfAttention)


class RelativeAttention(nn.Module):
    """One layer's self-attention, with the names and the weights of Hugging Face's.

    Args:
        other: what it takes the place of; has `relative_key` positions.
    """

    def __init__(self, other: nn.Module) -> None:
        super().__init__()
        self.num_heads = other.num_heads
        self.left = other.left_max_position_embeddings
        self.right = other.right_max_position_embeddings
        for name, part in other.named_children():
            self.add_module(name, part)

    def forward(
        self,
        hidden_states: Float[Tensor, "batch frames hidden"],
        attention_mask: Float[Tensor, "batch one rows frames"] | None = None,
        relative_position_embeddings: None = None,
        output_attentions: bool = False,
    ) -> tuple[Float[Tensor, "batch frames hidden"], None]:
        """The attended states; the weights, which nothing here asks for, are None.

        Args:
            attention_mask: added to the scores.
            relative_position_embeddings: of other kinds of positions than these.

        Raises:
            ValueError: weights are asked for.
        """
        if output_attentions:
            raise ValueError(f"no attention weights are kept; set {SWITCH}=transformers for them")
        query, key, value = (
            part(hidden_states).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
            for part in (self.linear_q, self.linear_k, self.linear_v)
        )
        query = query * query.shape[-1] ** -0.5
        embeddings = self.distance_embedding.weight.to(query.dtype)
        products = query @ embeddings.T  # batch heads frames 73
        index = self._distances(hidden_states.shape[1], hidden_states.device)
        added = products.gather(3, index.expand(*products.shape[:3], -1))
        if attention_mask is not None:
            added = added + attention_mask
        dropout = self.dropout.p if self.training else 0.0
        # torch takes a fused kernel wherever no gradient flows into what is added
        attended = scaled_dot_product_attention(
            query, key, value, attn_mask=added.to(query.dtype), dropout_p=dropout, scale=1.0
        )
        return self.linear_out(attended.transpose(1, 2).flatten(2)), None

    def _distances(self, frames: int, device: torch.device) -> Int[Tensor, "frames frames"]:
        """The embedding of each pair of frames: 0 for 64 frames back or more, 64 for the same."""
        position = torch.arange(frames, device=device)
        distance = position - position.unsqueeze(1)
        return distance.clamp(-self.left, self.right) + self.left


def use_relative_attention(encoder: nn.Module) -> None:
    """Put it into all layers with relative positions, unless the environment says otherwise."""
    if os.environ.get(SWITCH) == "transformers":
        return
    for name, module in list(encoder.named_modules()):
        if isinstance(module, KINDS) and module.position_embeddings_type == "relative_key":
            parent, _, child = name.rpartition(".")
            setattr(encoder.get_submodule(parent), child, RelativeAttention(module))
