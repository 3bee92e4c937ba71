"""Multi-task training with distillation: ST, MT, and the MT output as teacher of ST (GMU)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lib.data.batch import IGNORED, Batch
from lib.models.protocol import TranslationModel
from lib.training.objectives import TokenLoss, label_smoothed_nll, sum_losses

DIVERGENCES = ("KL", "XENT")


@dataclass(frozen=True, kw_only=True)
class MultiTask:
    """The three losses and their weights; the defaults are GMU's. A weight of 0 removes a loss."""

    st: float = 1.0  # speech to translation
    mt: float = 1.0  # transcript to translation; trains the shared decoder
    kd: float = 2.0  # student: output from speech; teacher: the same decoder's from the transcript
    # softens both distributions; the loss is multiplied by its square (Hinton et al. 2015)
    temperature: float = 1.0
    # XENT leaves out the teacher's entropy: the same gradient while the teacher is stopped
    divergence: str = "KL"
    stop_teacher: bool = True  # no gradient to the teacher from this loss; `mt` still trains it
    teacher_dropout: bool = True  # False: a second forward pass of the teacher without dropout

    def __post_init__(self) -> None:
        if self.divergence not in DIVERGENCES:
            known = ", ".join(DIVERGENCES)
            raise ValueError(f"unknown divergence {self.divergence!r}; known are {known}")
        if min(self.st, self.mt, self.kd) < 0 or not self.st + self.mt + self.kd:
            weights = f"st={self.st}, mt={self.mt}, kd={self.kd}"
            raise ValueError(f"weights {weights} must be 0 or more, and one above 0")
        if self.temperature <= 0:
            raise ValueError(f"the temperature is {self.temperature}; it must be above 0")


def distillation_loss(
    student: Float[Tensor, "batch tokens vocabulary"],
    teacher: Float[Tensor, "batch tokens vocabulary"],
    labels: Int[Tensor, "batch tokens"],
    temperature: float = 1.0,
    divergence: str = "KL",
    prefix_skip_len: int = 0,
    sentence_mean: bool = False,
) -> TokenLoss:
    """Divergence of the student's distribution from the teacher's, without label smoothing.

    KL: sum over the vocabulary of p_T (log p_T - log p_S); XENT: of -p_T log p_S.

    Args:
        student: logits; teacher and student have the same prefixes, so positions correspond.
        labels: -100 marks positions that do not count.
        prefix_skip_len, sentence_mean: as in `label_smoothed_nll`.
    """
    real = labels[:, prefix_skip_len:] != IGNORED
    log_student = (student[:, prefix_skip_len:][real].float() / temperature).log_softmax(-1)
    log_teacher = (teacher[:, prefix_skip_len:][real].float() / temperature).log_softmax(-1)
    inner = log_teacher - log_student if divergence == "KL" else -log_student
    products = log_teacher.exp() * inner
    if not sentence_mean:
        return TokenLoss(temperature**2 * products.sum(), int(real.sum()))
    losses = torch.zeros(real.shape, dtype=products.dtype, device=products.device)
    losses = losses.masked_scatter(real, temperature**2 * products.sum(-1))
    return sum_losses(losses, real, sentence_mean)


class MultiTaskObjective(nn.Module):
    """`st * ST + mt * MT + kd * KD` on batches with speech, transcript and translation.

    Args:
        model: with its text encoder.
        label_smoothing: of the ST and MT losses.
        prefix_skip_len, sentence_mean: as in `label_smoothed_nll`.
    """

    def __init__(
        self,
        model: TranslationModel,
        losses: MultiTask,
        label_smoothing: float,
        prefix_skip_len: int = 0,
        sentence_mean: bool = False,
    ) -> None:
        super().__init__()
        if "text_encoder" not in model.parts:
            raise ValueError("multi-task training needs the text encoder: load with text=True")
        self.model, self.losses, self.label_smoothing = model, losses, label_smoothing
        self.prefix_skip_len, self.sentence_mean = prefix_skip_len, sentence_mean

    def forward(self, batch: Batch) -> TokenLoss:
        """The weighted sum; all three losses have the same target tokens, so one count.

        Raises:
            ValueError: the batch has no transcripts.
        """
        text_batch, weights, labels = batch.without_speech(), self.losses, batch.labels
        total = torch.zeros((), device=labels.device)
        student = text_logits = None
        if weights.st or weights.kd:
            student = self.model.logits(batch)
        if weights.mt or (weights.kd and weights.teacher_dropout):
            text_logits = self.model.logits(text_batch)
        if weights.st:
            total = total + weights.st * self._nll(student, labels).total
        if weights.mt:
            total = total + weights.mt * self._nll(text_logits, labels).total
        if weights.kd:
            teacher = text_logits
            if not weights.teacher_dropout:
                teacher = self._logits_without_dropout(text_batch)
            if weights.stop_teacher:
                teacher = teacher.detach()
            total = total + weights.kd * self._distillation(student, teacher, labels).total
        real = labels[:, self.prefix_skip_len :] != IGNORED
        return TokenLoss(total, int(real.any(1).sum() if self.sentence_mean else real.sum()))

    def _nll(self, logits: Tensor, labels: Tensor) -> TokenLoss:
        return label_smoothed_nll(
            logits, labels, self.label_smoothing, self.prefix_skip_len, self.sentence_mean
        )

    def _distillation(self, student: Tensor, teacher: Tensor, labels: Tensor) -> TokenLoss:
        return distillation_loss(
            student,
            teacher,
            labels,
            temperature=self.losses.temperature,
            divergence=self.losses.divergence,
            prefix_skip_len=self.prefix_skip_len,
            sentence_mean=self.sentence_mean,
        )

    def _logits_without_dropout(self, text_batch: Batch) -> Tensor:
        gradient = torch.is_grad_enabled() and not self.losses.stop_teacher
        with dropout_off(self.model), torch.set_grad_enabled(gradient):
            return self.model.logits(text_batch)


@contextmanager
def dropout_off(model: nn.Module) -> Iterator[None]:
    """Inside the block all modules are in eval mode; each gets its own mode back afterwards."""
    before = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in before:
            module.training = training
