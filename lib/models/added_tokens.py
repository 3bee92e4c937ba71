"""New tokens of a frozen language model that it reads and writes: their rows are trained alone."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers import AddedToken, PreTrainedModel, PreTrainedTokenizerBase


class AddedRows(nn.Module):
    """Replaces rows of a frozen table, or adds them at its end."""

    def __init__(self, rows: Float[Tensor, "tokens width"], first: int) -> None:
        super().__init__()
        self.rows, self.first = nn.Parameter(rows), first

    def forward(self, table: Float[Tensor, "vocabulary width"]) -> Float[Tensor, "_ width"]:
        after = self.first + len(self.rows)
        return torch.cat([table[: self.first], self.rows, table[after:]])


def add_tokens(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, tokens: Sequence[str]
) -> tuple[str, ...]:
    """Add tokens with rows of their own to the input and output embeddings.

    The rows are drawn from torch's generator, as large as the others; tied embeddings share them.

    Returns:
        The names of the modules with the rows, inside the model; one where they are shared.

    Raises:
        ValueError: one stands twice, or is a token already.
    """
    first, known = len(tokenizer), tokenizer.get_vocab()
    if len(set(tokens)) < len(tokens) or any(token in known for token in tokens):
        raise ValueError(f"not all of {', '.join(tokens)} are new to the tokenizer")
    tokenizer.add_tokens([AddedToken(t, normalized=False, special=False) for t in tokens])
    embeddings, head = model.get_input_embeddings(), model.get_output_embeddings()
    table, tied = embeddings.weight.detach(), head.weight is embeddings.weight
    size = (len(tokens), table.shape[1])
    given = torch.randn(size, dtype=table.dtype) * table.std()
    rows = AddedRows(given, first)
    # unsafe: the table may grow
    parametrize.register_parametrization(embeddings, "weight", rows, unsafe=True)
    own = rows if tied else AddedRows(given.clone(), first)
    parametrize.register_parametrization(head, "weight", own, unsafe=True)
    model.config.vocab_size = len(embeddings.weight)
    # each module is named once
    return tuple(name for name, module in model.named_modules() if module in (rows, own))


def with_plain_embeddings(model: PreTrainedModel) -> PreTrainedModel:
    """A copy whose tables hold the new rows, as plain transformers has it; or the model itself."""
    if not parametrize.is_parametrized(model.get_input_embeddings()):
        return model
    plain = copy.deepcopy(model)
    # new modules: a parametrization is a property of a class that both copies share, so taking it
    # from one would take it from the other
    old, head = plain.get_input_embeddings(), plain.get_output_embeddings()
    table, out = (module.weight.detach().clone() for module in (old, head))
    embeddings = nn.Embedding(*table.shape, padding_idx=old.padding_idx, _weight=table)
    plain.set_input_embeddings(embeddings)
    linear = nn.Linear(out.shape[1], out.shape[0], bias=False, device="meta")
    linear.weight, linear.bias = nn.Parameter(out), head.bias
    plain.set_output_embeddings(linear)
    plain.tie_weights()
    return plain
