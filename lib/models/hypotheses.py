"""From generated tokens to hypotheses: text, length, ending and score."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float, Int
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from lib.models.protocol import Hypothesis

MAX_SCORED_LOGITS = 50_000_000  # computed at once when hypotheses are scored


def to_hypothesis(
    tokenizer: PreTrainedTokenizerBase, example_id: str, ids: Sequence[int], score: float
) -> Hypothesis:
    """The hypothesis of one sequence, which ends at its first end token."""
    end = tokenizer.eos_token_id
    ended = end in ids
    output = ids[: ids.index(end)] if ended else ids
    return Hypothesis(
        id=example_id,
        text=tokenizer.decode(output, skip_special_tokens=True),
        tokens=len(output),
        score=score,
        ending="end" if ended else "longest",
    )


def scored_rows(tokens: int, vocabulary: int) -> int:
    """How many sequences are scored at once."""
    return max(1, MAX_SCORED_LOGITS // (tokens * vocabulary))


def sequence_scores(
    logits: Float[Tensor, "batch tokens vocabulary"],
    output: Int[Tensor, "batch tokens"],
    end: int,
    length_penalty: float,
) -> list[float]:
    """Log-probability of each output, end token included, over length ** `length_penalty`.

    `generate` could return scores, but keeps those of the whole vocabulary for every step:
    gigabytes at full size.

    Args:
        logits: of each token of `output`.
        end: id of the end token; what follows it is padding.
    """
    chosen = logits.float().log_softmax(-1).gather(-1, output.unsqueeze(-1)).squeeze(-1)
    is_end = output == end
    real = is_end.cumsum(1) - is_end.long() == 0
    lengths = real.sum(1).clamp(min=1)
    return ((chosen * real).sum(1) / lengths**length_penalty).tolist()
