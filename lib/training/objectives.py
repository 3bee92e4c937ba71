"""Objectives: losses as sums over target tokens with their count, so that `fit` averages truly."""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from lib.data.batch import IGNORED, Batch
from lib.models.protocol import TranslationModel
from lib.training.encoder_states import EncoderStateCache


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
    log_probabilities = F.log_softmax(logits[:, prefix_skip_len:].float(), dim=-1)
    real = labels != IGNORED
    gold = log_probabilities.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    uniform = log_probabilities.mean(-1)
    losses = -(1 - smoothing) * gold - smoothing * uniform
    return sum_losses(losses, real, sentence_mean)


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
        return label_smoothed_nll(
            self.model.logits(batch),
            self.labels(batch),
            self.label_smoothing,
            self.prefix_skip_len,
            self.sentence_mean,
        )
