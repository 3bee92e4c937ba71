"""The loss of IT-IST: cross-entropy of the target, and two defects of the released code."""

from __future__ import annotations

import torch

from lib.data.batch import IGNORED, Batch
from lib.models.speech_lm.model import SpeechLm
from lib.training.encoder_states import EncoderStateCache
from lib.training.objectives import Seq2SeqObjective, TokenLoss


class InstructionObjective(Seq2SeqObjective):
    """Cross-entropy of target tokens.

    Args:
        state_cache: encoder states on disk, where the encoder is frozen.
        first_token_unsupervised: the first target token is not learnt. In the released code it is
            lost in the longest target of each batch: with its batches of one, in every target.
        pads_counted: the loss is divided by all positions of the labels, padding included.
    """

    def __init__(
        self,
        model: SpeechLm,
        state_cache: EncoderStateCache | None = None,
        first_token_unsupervised: bool = False,
        pads_counted: bool = False,
    ) -> None:
        super().__init__(model, label_smoothing=0.0, state_cache=state_cache)
        self.first_token_unsupervised = first_token_unsupervised
        self.pads_counted = pads_counted

    def labels(self, batch: Batch) -> torch.Tensor:
        return without_first(batch.labels) if self.first_token_unsupervised else batch.labels

    def forward(self, batch: Batch) -> TokenLoss:
        learnt = (batch.labels != IGNORED).sum(1)
        total, count = super().forward(batch)
        if self.pads_counted:
            count = int(learnt.max()) * len(learnt)
        return TokenLoss(total, count)


def without_first(labels: torch.Tensor) -> torch.Tensor:
    """Labels whose first wanted token of each row does not count."""
    wanted = labels != IGNORED
    first = wanted & (wanted.cumsum(1) == 1)
    return labels.masked_fill(first, IGNORED)
