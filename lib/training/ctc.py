"""CTC on characters: how a speech encoder learns to transcribe from nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import PretrainedConfig

from lib.data.batch import Batch, TokenLayout
from lib.data.store import default_cost
from lib.tasks import Example
from lib.training.objectives import TokenLoss

BLANK = 0


@runtime_checkable
class FrameModel(Protocol):
    """A model with a speech encoder that has a state for each frame or pair of frames."""

    @property
    def frame_encoder(self) -> nn.Module: ...

    @property
    def config(self) -> PretrainedConfig: ...

    def frame_states(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]: ...


def alphabet(examples: Sequence[Example]) -> str:
    """The characters of the target texts, in lower case."""
    return "".join(sorted({character for e in examples for character in e.target_text.lower()}))


class CtcObjective(nn.Module):
    """CTC on the characters of transcripts (Graves et al. 2006).

    The output layer sits on the frames' states and is discarded afterwards.

    Args:
        alphabet: characters that are learnt; others are left out of the targets.
        seed: of the output layer's initial weights; torch's own generator has another seed in
            every process.
    """

    pad_token_id = BLANK

    def __init__(self, model: FrameModel, alphabet: str, seed: int) -> None:
        super().__init__()
        self.encoder, self._frame_states = model.frame_encoder, model.frame_states
        self.character_ids = {char: index for index, char in enumerate(alphabet, start=1)}
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.output = nn.Linear(model.config.hidden_size, len(alphabet) + 1)
        # ids of transcripts with more characters than frames, whose loss is zero
        self.too_long: set[str] = set()

    def logits(
        self, batch: Batch
    ) -> tuple[Float[Tensor, "batch frames characters"], Int[Tensor, "batch"]]:
        """Logits of the characters and the blank in each frame, and the number of real frames."""
        states, mask = self._frame_states(batch.speech, batch.speech_mask)
        return self.output(states), mask.sum(1)

    def layout(self, example: Example, max_tokens: int) -> TokenLayout:
        """The characters of a transcript, for batches of an encoder that has no tokenizer."""
        ids = self.targets(example)
        return TokenLayout(prefix=ids, labels=ids, prompt_length=0)

    def cost(self, example: Example) -> float:
        return default_cost(example)

    def targets(self, example: Example) -> list[int]:
        """The ids of a transcript's characters."""
        text = example.target_text.lower()
        return [self.character_ids[c] for c in text if c in self.character_ids]

    def forward(self, batch: Batch) -> TokenLoss:
        targets = [self.targets(example) for example in batch.examples]
        lengths = torch.tensor([len(target) for target in targets])
        logits, frames = self.logits(batch)
        for index, target in enumerate(targets):
            # CTC needs a blank between two equal characters
            repeats = sum(a == b for a, b in zip(target, target[1:], strict=False))
            if len(target) + repeats > int(frames[index]):
                self.too_long.add(batch.examples[index].id)
        log_probabilities = logits.float().log_softmax(-1).transpose(0, 1)
        joined = [character for target in targets for character in target]
        total = F.ctc_loss(
            log_probabilities,
            torch.tensor(joined, device=log_probabilities.device),
            frames,
            lengths,
            blank=BLANK,
            reduction="sum",
            zero_infinity=True,
        )
        return TokenLoss(total, int(lengths.sum()))

    def greedy_decode(self, batch: Batch) -> list[str]:
        """The most likely character of each frame, repeats and blanks removed."""
        characters = {index: char for char, index in self.character_ids.items()}
        logits, frames = self.logits(batch)
        texts = []
        for row, count in zip(logits.argmax(-1), frames.tolist(), strict=True):
            merged = torch.unique_consecutive(row[:count]).tolist()
            texts.append("".join(characters.get(index, "") for index in merged))
        return texts
