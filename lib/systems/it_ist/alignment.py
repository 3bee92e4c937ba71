"""Signals of alignment: whether the language model reads speech as it reads text."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from lib.data.batch import IGNORED
from lib.data.collate import Collator
from lib.models.speech_lm.model import SpeechLm
from lib.scoring.metrics import transcript_error_rate
from lib.tasks import ASR, Example

MAX_EXAMPLES = 48  # of a batch for the signals
MAX_SECONDS = 30.0  # of a clip for the signals; longer ones are cut


@torch.no_grad()
def alignment_signals(
    model: SpeechLm, outputs: Sequence[tuple[Example, str]]
) -> dict[str, float]:
    """Error rate, loss and similarity on transcribed development clips.

    - error_rate: of all transcripts together, in percent, characters for Chinese and the like.
    - first_token_loss: nats of the first target token, which decides language and task.
    - cosine: between the mean embedding of the speech and that of its transcript; cosine_others:
      and those of the other transcripts. Aligned speech is closer to its own.
    """
    transcripts = [(e, text) for e, text in outputs if e.task == ASR]
    if not transcripts:
        return {}
    said = [(e.target, e.target_text, text) for e, text in transcripts]
    signals = {"error_rate": transcript_error_rate(said)}
    dev = [e for e, _ in transcripts[:MAX_EXAMPLES]]
    batch = Collator(model, model.feature_extractor(MAX_SECONDS))(dev)
    if batch is None:
        return signals
    batch = batch.to(next(model.parameters()).device)
    wanted = batch.labels != IGNORED
    first = (wanted & (wanted.cumsum(1) == 1)).nonzero(as_tuple=True)
    loss = F.cross_entropy(model.logits(batch)[first].float(), batch.labels[first])
    speech, mask = model.speech_embeddings(batch)
    text = model.embed(batch.labels.clamp(min=0))
    cosines = F.normalize(_mean(speech, mask), dim=-1) @ F.normalize(_mean(text, wanted), dim=-1).T
    own = cosines.diagonal().mean().item()
    count = len(cosines)
    others = (cosines.sum().item() - own * count) / max(count * (count - 1), 1)
    return signals | {"first_token_loss": loss.item(), "cosine": own, "cosine_others": others}


def _mean(values: Float[Tensor, "batch positions width"], mask: Tensor) -> Tensor:
    mask = mask.unsqueeze(-1).to(values.dtype)
    return (values * mask).sum(1) / mask.sum(1).clamp(min=1)
