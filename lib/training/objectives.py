"""Objectives: losses as sums over target tokens with their count, so that `fit` averages truly."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from lib.data.batch import IGNORED, Batch
from lib.models.protocol import TranslationModel
from lib.training.encoder_states import EncoderStateCache

# logits at once (0.5 GB in fp32), beyond which they are made in chunks, and made again in the
# backward pass: with losses and gradients they take about four times as much memory
MAX_LOGITS = 2**27


class TokenLoss(NamedTuple):
    """A loss before its division."""

    total: Float[Tensor, ""]
    count: int  # of target tokens, or of sentences where their means are summed


def label_smoothed_nll(
    logits: Float[Tensor, "batch tokens vocabulary"],
    labels: Int[Tensor, "batch tokens"],
    smoothing: float,
    prefix_skip_len: int = 0,
    sentence_mean: bool = False,
) -> TokenLoss:
    """Negative log-likelihood with label smoothing, as in GMU's code.

    The target distribution gives `smoothing / vocabulary` to every class, gold and padding
    included, and the rest to the gold class; fairseq2 leaves the gold class out of the first part.

    Args:
        labels: -100 marks positions that do not count.
        prefix_skip_len: first positions that do not count; 1 skips the language token (GMU's name).
        sentence_mean: sum the sentences' token means instead of the tokens; the count is then of
            sentences.
    """
    labels = labels[:, prefix_skip_len:]
    losses = token_losses(logits[:, prefix_skip_len:], labels, smoothing)
    return sum_losses(losses, labels != IGNORED, sentence_mean)


def token_losses(
    logits: Float[Tensor, "*rows vocabulary"], labels: Int[Tensor, "*rows"], smoothing: float
) -> Float[Tensor, "*rows"]:
    """The loss of each token; see `label_smoothed_nll`."""
    log_probabilities = F.log_softmax(logits.float(), dim=-1)
    gold = log_probabilities.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    uniform = log_probabilities.mean(-1)
    return -(1 - smoothing) * gold - smoothing * uniform


def losses_in_chunks(
    head: Callable[[Tensor], Tensor],
    states: Float[Tensor, "batch tokens hidden"],
    labels: Int[Tensor, "batch tokens"],
    smoothing: float,
    rows: int,
) -> Float[Tensor, "batch tokens"]:
    """The loss of each token that counts, else 0, with the logits of so many tokens at once.

    Equal to `token_losses` of all logits up to the order of sums in the head's gradient.
    """

    def losses_of(part: Tensor, wanted: Tensor) -> Tensor:
        return token_losses(head(part), wanted, smoothing)

    real = labels != IGNORED
    run = partial(checkpoint, losses_of, use_reentrant=False, preserve_rng_state=False)
    parts = zip(states[real].split(rows), labels[real].split(rows), strict=True)
    found = torch.cat([run(part, wanted) for part, wanted in parts])
    return found.new_zeros(real.shape).masked_scatter(real, found)


def sum_losses(
    losses: Float[Tensor, "batch tokens"], real: Tensor, sentence_mean: bool = False
) -> TokenLoss:
    """Token losses as one sum, over the real tokens or over the means of their sentences."""
    if sentence_mean:
        lengths = real.sum(1)
        means = (losses * real).sum(1) / lengths.clamp(min=1)
        return TokenLoss(means.sum(), int((lengths > 0).sum()))
    return TokenLoss(losses[real].sum(), int(real.sum()))


class Seq2SeqObjective(nn.Module):
    """Label-smoothed loss of the target text, from speech or text: ASR, MT and ST fine-tuning.

    Args:
        state_cache: encoder states on disk, where the speech encoder is frozen.
    """

    def __init__(
        self,
        model: TranslationModel,
        label_smoothing: float,
        prefix_skip_len: int = 0,
        sentence_mean: bool = False,
        state_cache: EncoderStateCache | None = None,
    ) -> None:
        super().__init__()
        self.model, self.label_smoothing = model, label_smoothing
        self.prefix_skip_len, self.sentence_mean = prefix_skip_len, sentence_mean
        self.state_cache = state_cache

    def labels(self, batch: Batch) -> Int[Tensor, "batch tokens"]:
        """The tokens that are learnt."""
        return batch.labels

    def forward(self, batch: Batch) -> TokenLoss:
        if self.state_cache and batch.speech is not None:
            batch = self.state_cache(batch)
        states, labels = self.model.output_states(batch), self.labels(batch)
        size, smoothing = self.model.vocabulary_size, self.label_smoothing
        skipped = self.prefix_skip_len
        if labels.numel() * size <= MAX_LOGITS:
            logits = self.model.head(states)
            return label_smoothed_nll(logits, labels, smoothing, skipped, self.sentence_mean)
        states, labels = states[:, skipped:], labels[:, skipped:]
        rows = max(1, MAX_LOGITS // size)
        losses = losses_in_chunks(self.model.head, states, labels, smoothing, rows)
        return sum_losses(losses, labels != IGNORED, self.sentence_mean)
