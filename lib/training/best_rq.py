"""BEST-RQ: how a speech encoder learns from audio alone (Chiu et al. 2022, arXiv 2202.01855).

Spans of the input are replaced by noise, and the encoder predicts what they were: the number of
the nearest vector in a random codebook, after a random projection. Neither is ever trained.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from lib.data.batch import IGNORED, Batch, TokenLayout
from lib.data.store import default_cost
from lib.models.w2v_bert import W2vBert
from lib.tasks import Example
from lib.training.objectives import TokenLoss

NOISE = 0.1  # standard deviation of what replaces masked frames, which are normalised


class RandomQuantizer(nn.Module):
    """Input frames to numbers, by a frozen random projection and codebook.

    Args:
        width: of the input frames.
        codes: vectors of the codebook; published: 8,192 of width 16.
    """

    def __init__(self, width: int, codes: int, code_width: int, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        projection = torch.empty(width, code_width)
        nn.init.xavier_uniform_(projection, generator=generator)
        codebook = torch.randn(codes, code_width, generator=generator)
        self.register_buffer("projection", projection)
        self.register_buffer("codebook", F.normalize(codebook))

    def forward(self, frames: Float[Tensor, "batch frames width"]) -> Int[Tensor, "batch frames"]:
        """The number of the nearest code of each frame."""
        # of vectors of length 1, the nearest is the one with the largest product
        return (F.normalize(frames @ self.projection, dim=-1) @ self.codebook.T).argmax(-1)


class BestRqObjective(nn.Module):
    """Predict the codes of masked frames; the output layer is discarded afterwards.

    Args:
        codes: of the quantizer.
        mask_start: probability that a span of masked frames begins at a frame; published: 0.01 for
            10 ms.
        mask_frames: of a span; published: 400 ms.
        seed: of quantizer and output layer.
    """

    pad_token_id = 0

    def __init__(
        self,
        model: W2vBert,
        codes: int,
        code_width: int,
        mask_start: float,
        mask_frames: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.encoder, self._frame_states = model.frame_encoder, model.frame_states
        self.mask_start, self.mask_frames = mask_start, mask_frames
        self.quantizer = RandomQuantizer(model.shape.input_width, codes, code_width, seed)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.output = nn.Linear(model.shape.width, codes)

    def layout(self, example: Example, max_tokens: int) -> TokenLayout:
        """Nothing: no text is used."""
        return TokenLayout(prefix=[0], labels=[IGNORED], prompt_length=0)

    def cost(self, example: Example) -> float:
        return default_cost(example)

    def masked(self, mask: Int[Tensor, "batch frames"]) -> Bool[Tensor, "batch frames"]:
        """Frames to predict, drawn from torch's generator; at least one of each clip."""
        starts = torch.rand(mask.shape, device=mask.device) < self.mask_start
        first = (torch.rand(len(mask), device=mask.device) * mask.sum(1)).long()
        starts[torch.arange(len(mask)), first] |= ~(starts & mask.bool()).any(1)
        # a frame is masked where a span began at most so many frames before it
        spans = F.max_pool1d(F.pad(starts.float(), (self.mask_frames - 1, 0)), self.mask_frames, 1)
        return spans.bool() & mask.bool()

    def forward(self, batch: Batch) -> TokenLoss:
        """The cross-entropy of the codes of masked frames."""
        frames, mask = batch.speech, batch.speech_mask
        hidden = self.masked(mask)
        noisy = torch.where(hidden.unsqueeze(-1), NOISE * torch.randn_like(frames), frames)
        states, _ = self._frame_states(noisy, mask)
        logits = self.output(states[hidden]).float()
        codes = self.quantizer(frames)[hidden]
        return TokenLoss(F.cross_entropy(logits, codes, reduction="sum"), len(codes))
