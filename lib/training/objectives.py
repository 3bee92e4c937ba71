"""Losses as sums over target tokens, with the number of tokens, so that the loop can divide by the true total."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from lib.data.collate import Batch
from lib.models.seamless import Seamless
from lib.models.translator import Translator
from lib.training.encoder_states import EncoderStateCache


class TokenLoss(NamedTuple):
    """A loss before its division."""

    total: Float[Tensor, ""]
    count: int  # of target tokens


def label_smoothed_nll(
    logits: Float[Tensor, "batch tokens vocabulary"],
    labels: Int[Tensor, "batch tokens"],
    smoothing: float,
    skip: int = 0,
) -> TokenLoss:
    """Negative log-likelihood with label smoothing, as GMU's code has it.

    The smoothed target gives `smoothing / vocabulary` to every class, the gold one and padding among them, and the
    rest to the gold class, as GMU's code does; fairseq2 leaves the gold class out of the uniform part.

    Args:
        labels: -100 marks positions that do not count.
        skip: first positions of each row that do not count; 1 leaves out the language token (GMU `prefix_skip_len`).
    """
    labels = labels[:, skip:]
    log_probabilities = F.log_softmax(logits[:, skip:].float(), dim=-1)
    real = labels != -100
    gold = log_probabilities.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    uniform = log_probabilities.mean(-1)
    losses = -(1 - smoothing) * gold - smoothing * uniform
    return TokenLoss(losses[real].sum(), int(real.sum()))


def seq2seq_loss(
    model: Translator, batch: Batch, smoothing: float, skip: int = 0, kept: EncoderStateCache | None = None
) -> TokenLoss:
    """The loss of what the decoder should say, whether the batch was heard or read.

    Args:
        kept: the speech encoder's states on disk, where it is frozen.
    """
    if batch.speech is not None:
        states, mask = kept(batch) if kept else model.encode_speech(batch.speech, batch.mask)
    else:
        states, mask = model.encode_text(batch.text, batch.mask)
    return label_smoothed_nll(model.decode(states, mask, batch.prefix), batch.labels, smoothing, skip)


class Seq2SeqObjective(nn.Module):
    """The objective of direct, ASR and MT fine-tuning: `translation_loss` as a module, which `fit` trains."""

    def __init__(self, model: Translator, smoothing: float, skip: int = 0, kept: EncoderStateCache | None = None) -> None:
        super().__init__()
        self.model, self.smoothing, self.skip, self.kept = model, smoothing, skip, kept

    def forward(self, batch: Batch) -> TokenLoss:
        return seq2seq_loss(self.model, batch, self.smoothing, self.skip, self.kept)


class CtcObjective(nn.Module):
    """CTC on the characters that a transcript is spelled with: how a speech encoder is taught to hear.

    The output layer sits on the Conformer, before the length adaptor, and is thrown away afterwards.
    """

    def __init__(self, model: Seamless, alphabet: str) -> None:
        super().__init__()
        self.encoder = model.speech.speech_encoder
        self.letters = {letter: index for index, letter in enumerate(alphabet, start=1)}  # 0 is CTC's blank
        self.output = nn.Linear(model.config.hidden_size, len(alphabet) + 1)
        self.too_long: set[str] = set()  # transcripts with more letters than frames, which teach nothing

    def logits(self, batch: Batch) -> Float[Tensor, "batch frames letters"]:
        """What is heard in each frame."""
        hidden = self.encoder.feature_projection(batch.speech)
        return self.output(self.encoder.encoder(hidden, attention_mask=batch.mask).last_hidden_state)

    def forward(self, batch: Batch) -> TokenLoss:
        spelled = [
            [self.letters[letter] for letter in example.target_text.lower() if letter in self.letters]
            for example in batch.examples
        ]
        sizes = torch.tensor([len(row) for row in spelled])
        frames = batch.mask.sum(1)
        # CTC needs a blank between two equal letters
        needed = [len(row) + sum(a == b for a, b in zip(row, row[1:], strict=False)) for row in spelled]
        self.too_long |= {e.id for e, most, need in zip(batch.examples, frames.tolist(), needed, strict=True) if need > most}
        heard = self.logits(batch).float().log_softmax(-1).transpose(0, 1)
        target = torch.tensor([letter for row in spelled for letter in row], device=heard.device)
        total = F.ctc_loss(heard, target, frames, sizes, reduction="sum", zero_infinity=True)
        return TokenLoss(total, int(sizes.sum()))

    def read(self, batch: Batch) -> list[str]:
        """The likeliest letter of each frame, repeats and blanks taken out."""
        names = {index: letter for letter, index in self.letters.items()}
        best = self.logits(batch).argmax(-1)
        rows = [torch.unique_consecutive(row[: int(real)]).tolist() for row, real in zip(best, batch.mask.sum(1), strict=True)]
        return ["".join(names.get(index, "") for index in row) for row in rows]
