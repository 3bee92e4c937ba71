"""Multi-task training with distillation: speech learns from the translation, and from how the same model reads the transcript."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lib.data.collate import Batch
from lib.models.seamless import Seamless
from lib.training.objectives import TokenLoss, label_smoothed_nll

DIVERGENCES = ("KL", "XENT")


@dataclass(frozen=True)
class MultiTask:
    """The three losses and how they are joined; the values are GMU's. A weight of 0 leaves a loss out."""

    st: float = 1.0  # what is heard, against the translation
    mt: float = 1.0  # what is read, against the translation: it trains the shared decoder
    kd: float = 2.0  # what is heard (student), against what the same decoder makes of the transcript (teacher)
    temperature: float = (
        1.0  # both distributions are softened by it, and the loss is multiplied by its square (Hinton et al. 2015)
    )
    divergence: str = "KL"  # XENT leaves out the teacher's own entropy: the same gradient wherever the teacher is stopped
    stop_teacher: bool = True  # no gradient reaches the teacher through this loss; through `mt` it does all the same
    teacher_dropout: bool = True  # the teacher is the model as it trains; False: a second pass of it without dropout

    def __post_init__(self) -> None:
        if self.divergence not in DIVERGENCES:
            raise ValueError(f"unknown divergence {self.divergence!r}; known are {', '.join(DIVERGENCES)}")
        if min(self.st, self.mt, self.kd) < 0 or not self.st + self.mt + self.kd:
            raise ValueError(f"the weights st={self.st}, mt={self.mt}, kd={self.kd} must not be negative, nor all be 0")
        if self.temperature <= 0:
            raise ValueError(f"the temperature is {self.temperature}; it must be above 0")


def distillation(
    student: Float[Tensor, "batch tokens vocabulary"],
    teacher: Float[Tensor, "batch tokens vocabulary"],
    labels: Int[Tensor, "batch tokens"],
    temperature: float = 1.0,
    divergence: str = "KL",
    skip: int = 0,
) -> TokenLoss:
    """How far the student's distribution is from the teacher's, summed over the real tokens; nothing is smoothed.

    KL: sum over the vocabulary of p_T (log p_T - log p_S); XENT: of -p_T log p_S.

    Args:
        student: logits; both read the same prefix, so their positions mean the same.
        labels: -100 marks positions that do not count.
        skip: as in `label_smoothed`.
    """
    real = labels[:, skip:] != -100
    log_student = (student[:, skip:][real].float() / temperature).log_softmax(-1)
    log_teacher = (teacher[:, skip:][real].float() / temperature).log_softmax(-1)
    paired_difference = log_teacher - log_student if divergence == "KL" else -log_student
    return TokenLoss(temperature**2 * (log_teacher.exp() * paired_difference).sum(), int(real.sum()))


class MultiTaskObjective(nn.Module):
    """The objective `st * ST + mt * MT + kd * KD` on batches of speech with transcript and translation (3-way data).

    Args:
        model: with its text encoder.
        smoothing: of the ST and MT losses.
        skip: first label positions that no loss counts.
    """

    def __init__(self, model: Seamless, losses: MultiTask, smoothing: float, skip: int = 0) -> None:
        super().__init__()
        if model.text_encoder is None:
            raise ValueError("multi-task training reads transcripts: load the model with text=True")
        self.model, self.losses, self.smoothing, self.skip = model, losses, smoothing, skip

    def forward(self, batch: Batch) -> TokenLoss:
        """The weighted sum; its three parts have the same target tokens, so one count serves them all.

        Raises:
            ValueError: the batch holds no transcripts.
        """
        if batch.reading is None:
            raise ValueError("a batch without transcripts; make its examples with transcripts=True")
        how, labels = self.losses, batch.labels
        total = torch.zeros((), device=labels.device)
        student = read = None
        if how.st or how.kd:
            student = self.model.decode(*self.model.encode_speech(batch.speech, batch.mask), batch.prefix)
        if how.mt or (how.kd and how.teacher_dropout):
            read = self._read(batch.reading)
        if how.st:
            total = total + how.st * label_smoothed_nll(student, labels, self.smoothing, self.skip).total
        if how.mt:
            total = total + how.mt * label_smoothed_nll(read, labels, self.smoothing, self.skip).total
        if how.kd:
            teacher = read if how.teacher_dropout else self._read_without_dropout(batch.reading)
            teacher = teacher.detach() if how.stop_teacher else teacher
            total = total + how.kd * distillation(student, teacher, labels, how.temperature, how.divergence, self.skip).total
        return TokenLoss(total, int((labels[:, self.skip :] != -100).sum()))

    def _read(self, batch: Batch) -> Float[Tensor, "batch tokens vocabulary"]:
        return self.model.decode(*self.model.encode_text(batch.text, batch.mask), batch.prefix)

    def _read_without_dropout(self, batch: Batch) -> Float[Tensor, "batch tokens vocabulary"]:
        parts = (self.model.text_encoder, self.model.speech.text_decoder)
        before = [(module, module.training) for part in parts for module in part.modules()]
        for part in parts:
            part.eval()
        try:
            with torch.set_grad_enabled(torch.is_grad_enabled() and not self.losses.stop_teacher):
                return self._read(batch)
        finally:
            for module, training in before:
                module.training = training
