"""Where a model looks: the part of the sound that each token of an output depends on.

The weight of a frame is the norm of the gradient of a token's log-probability by the frame's
features (Simonyan et al., 1312.6034). Silence in place of a token's heaviest fifth of frames lowers
its log-probability by 1.6 nats in a zero-resource system of scale `tiny` and by 1.7 in LLM-SRT (of
a random fifth: 0.4 and 1.1). Sums of |gradient x input| (Shrikumar et al., 1704.02685), also
integrated over 8 steps (Sundararajan et al., 1703.01365), change these numbers by at most 0.1, and
need a choice of what silence is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from scipy.ndimage import uniform_filter1d
from scipy.stats import spearmanr
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from lib.corpora.audio import read_audio
from lib.data.batch import IGNORED
from lib.data.collate import Collator
from lib.data.features import WINDOW
from lib.languages import language
from lib.models.speech_lm.model import SpeechLm
from lib.tasks import Example
from lib.utterance import SAMPLING_RATE

SILENCE = 1e-3  # power of a silent frame over that of the loudest: -30 dB


@dataclass(frozen=True)
class Attribution:
    """The part of the sound that each token of an output depends on."""

    tokens: tuple[str, ...]  # side by side they are the output
    seconds: Float[np.ndarray, "frames"]  # middle of each frame of the audio, without padding
    weights: Float[np.ndarray, "tokens frames"]  # each row sums to 1
    # of gradient x input on embeddings of speech; the rest is on the prompt and the output so far.
    # None: no speech language model
    audio_share: Float[np.ndarray, "tokens"] | None

    @property
    def centres(self) -> Float[np.ndarray, "tokens"]:
        """The centre of mass of each token, in seconds."""
        return self.weights @ self.seconds

    @property
    def order(self) -> float:
        """Rank correlation of tokens' places and centres, 1: monotone; NaN for a single token."""
        return float(spearmanr(range(len(self.tokens)), self.centres).statistic)

    def sounding(self, audio: Path | str) -> tuple[float, float]:
        """The share of the weights that lies on sounding frames, and the share of such frames.

        Others are 30 dB below the loudest, so noise of a bad recording counts as sound.

        Raises:
            lib.corpora.audio.BadAudio: the file cannot be read.
        """
        power = uniform_filter1d(np.square(read_audio(audio)), WINDOW)
        at = (self.seconds * SAMPLING_RATE).astype(int).clip(max=len(power) - 1)
        sounds = power[at] > SILENCE * power.max()
        return float(self.weights[:, sounds].sum(1).mean()), float(sounds.mean())


@torch.enable_grad()
def attribution(
    model: nn.Module, collate: Collator, example: Example, output: str, words: bool = False
) -> Attribution:
    """What each token of an output depends on, in one pass forward and one backward per token.

    Args:
        model: a `TranslationModel`; it is left as it is.
        example: as the model is given it, with its prompt; its target text is not used.
        output: what the model wrote, or any other text, without end token.
        words: take the tokens of a word together, where the output's language parts words.

    Raises:
        ValueError: there is no usable audio, or no output, or no gradient reaches the speech.
    """
    # a collator of its own: nothing counts as cut or dropped
    collate = replace(collate, truncated_texts=set(), dropped={})
    batch = collate([replace(example, target_text=output)])
    if batch is None or batch.speech is None:
        reasons = [dropped.reason for dropped in collate.dropped.values()] or ["its input is text"]
        raise ValueError(f"{example.id} has no speech to attribute an output to: {reasons[0]}")
    batch = batch.to(next(model.parameters()).device)
    positions = (batch.labels[0] != IGNORED).nonzero()[:, 0]
    positions = positions[positions >= batch.prompt_lengths[0] - 1][:-1]  # the last is the end
    ids = batch.labels[0, positions]
    if not len(ids):
        raise ValueError(f"{example.id}: the output {output!r} has no tokens; nothing to attribute")
    batch.speech.requires_grad_()
    with _watched(model) as read:
        log_probabilities = model.logits(batch)[0, positions].float().log_softmax(-1)
    chosen = log_probabilities.gather(1, ids.unsqueeze(1))
    seconds = batch.speech.shape[-1] / collate.extractor.mels / collate.extractor.frames_per_second
    # Whisper's window goes on after the audio
    frames = min(int(batch.speech_mask[0].sum()), int(np.ceil(example.seconds / seconds)))
    by_word = words and language(example.target).unit != "char"
    pieces, weights, shares = _pieces(model.tokenizer, ids.tolist(), by_word), [], []
    for text, start, stop in pieces:
        by_speech, *by_read = _gradients(chosen[start:stop].sum(), [batch.speech, *read])
        weights.append(by_speech[0, :frames].norm(dim=-1).double())
        if not weights[-1].sum() > 0:
            raise ValueError(
                f"no gradient of {text!r} reaches the speech of {example.id}; let the model encode "
                "speech with gradients, and take a text that it can write"
            )
        if read:
            masses = [(a * b).norm(dim=-1).sum().item() for a, b in zip(by_read, read, strict=True)]
            shares.append(masses[0] / sum(masses))
    return Attribution(
        tokens=tuple(text for text, _, _ in pieces),
        seconds=(np.arange(frames) + 0.5) * seconds,
        weights=torch.stack([row / row.sum() for row in weights]).cpu().numpy(),
        audio_share=np.array(shares) if shares else None,
    )


def _gradients(value: Tensor, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
    """The gradient of a number by each input; zeros where it does not depend on it."""
    if not value.requires_grad:
        return [torch.zeros_like(tensor) for tensor in inputs]
    options = {"retain_graph": True, "allow_unused": True, "materialize_grads": True}
    return torch.autograd.grad(value, inputs, **options)


def _pieces(
    tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], by_word: bool
) -> list[tuple[str, int, int]]:
    """Words, or the shortest runs of tokens that are whole characters: text, start and stop."""
    counts = range(len(ids) + 1)
    read = [tokenizer.decode(ids[:n], clean_up_tokenization_spaces=False) for n in counts]
    # a token of bytes may end inside a character
    starts = [
        n
        for n in counts[:-1]
        if not read[n].endswith("\N{REPLACEMENT CHARACTER}")
        and (not n or not by_word or read[n + 1][len(read[n]) :][:1].isspace())
    ]
    spans = zip(starts, [*starts[1:], len(ids)], strict=True)
    return [(read[stop][len(read[start]) :], start, stop) for start, stop in spans]


@contextmanager
def _watched(model: nn.Module) -> Iterator[list[Tensor]]:
    """Inside the block the model is in eval mode; a list of the embeddings that it reads.

    Only of a speech language model; those of speech are the first.
    """
    read: list[Tensor] = []

    def remember(_module: nn.Module, _args: tuple, output: Tensor | tuple[Tensor, ...]) -> None:
        embeddings = output[0] if isinstance(output, tuple) else output
        read.append(embeddings.requires_grad_())  # those of a frozen table have no gradient yet

    watched, training = [], [module for module in model.modules() if module.training]
    if isinstance(model, SpeechLm):
        watched = [model.bridge, model.language_model.get_input_embeddings(), model.tags]
    hooks = [module.register_forward_hook(remember) for module in watched if module is not None]
    model.eval()
    try:
        yield read
    finally:
        for hook in hooks:
            hook.remove()
        for module in training:
            module.training = True
