"""What batching, training and decoding need of a model; nothing built on models knows more.

1. A model arranges the tokens of an example itself (`layout`), so encoder-decoder and decoder-only
   models, with or without prompts, share one collator.
2. `output_states` are aligned with `Batch.labels`, so one loss serves all of them; `head` makes
   logits of them, in as many parts as fit in memory.
3. `generate` searches inside the model, where its caches are.
4. A model declares its feature extractor and what an example costs it, so fixed 30 s windows and
   long prompts need no branch elsewhere.
5. Its parts have names, by which they are frozen, copied and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from lib.data.batch import Batch, TokenLayout
from lib.data.features import FeatureExtractor
from lib.tasks import Example


@dataclass(frozen=True, kw_only=True)
class Search:
    """Settings of greedy and beam search; the defaults are GMU's, LLM-SRT's beside them."""

    beams: int = 5
    length_penalty: float = 1.0  # exponent of the length that log-probabilities are divided by
    max_new_tokens: int = 256
    min_new_tokens: int = 0  # LLM-SRT: 10, or 1
    # no n-gram of this size twice; LLM-SRT: 5. It hides repetition loops, which are worth seeing
    no_repeat_ngram_size: int = 0
    repetition_penalty: float = 1.0
    n_best: int = 1  # hypotheses returned per example
    batch_seconds: float = 800.0  # largest cost x count x beams of a batch

    def __post_init__(self) -> None:
        if not 1 <= self.n_best <= self.beams:
            raise ValueError(f"n_best={self.n_best} exceeds beams={self.beams}")

    def options(self) -> dict[str, Any]:
        """The arguments of Hugging Face's `generate`."""
        return {
            "num_beams": self.beams,
            "num_return_sequences": self.n_best,
            "length_penalty": self.length_penalty,
            "max_new_tokens": self.max_new_tokens,
            "min_new_tokens": self.min_new_tokens or None,
            "no_repeat_ngram_size": self.no_repeat_ngram_size or None,
            "repetition_penalty": self.repetition_penalty,
            "do_sample": False,
            "early_stopping": False,
        }


GREEDY = Search(beams=1)


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """The output of a system for one example."""

    id: str
    text: str
    tokens: int  # without the end token
    score: float | None  # log-probability, end token included, over length ** length_penalty
    # "end": the end token was generated; "longest": stopped at max_new_tokens; "unheard": the
    # audio is unusable
    ending: str
    parts: int = 1  # segments that long audio was decoded in
    written: str = ""  # all that was generated, where `text` is a part of it
    others: tuple[Hypothesis, ...] = ()  # further n-best hypotheses; none for segmented audio


@runtime_checkable
class TranslationModel(Protocol):
    """A model of speech or text to text. Implementations are `nn.Module`s."""

    tokenizer: PreTrainedTokenizerBase
    pad_token_id: int
    # part -> prefixes of its parameters' names, such as "speech_encoder"
    parts: Mapping[str, tuple[str, ...]]
    # input ("speech" or "text") -> class of transformers that loads what `save` wrote
    export_classes: Mapping[str, str]

    def feature_extractor(self, max_seconds: float) -> FeatureExtractor | None:
        """How audio becomes its input; None: it takes text only."""
        ...

    def add_language(self, code: str) -> int:
        """The id of a language's token; a language that the model lacks is added now."""
        ...

    def layout(self, example: Example, max_tokens: int) -> TokenLayout:
        """The token ids of an example, each text cut to `max_tokens` with its special tokens."""
        ...

    def cost(self, example: Example) -> float:
        """Memory and time of an example relative to one second of speech."""
        ...

    @property
    def vocabulary_size(self) -> int:
        """Logits of one position."""
        ...

    def output_states(self, batch: Batch) -> Float[Tensor, "batch tokens hidden"]:
        """The last state for each token of `batch.prefix` (teacher forcing)."""
        ...

    def head(self, states: Float[Tensor, "*rows hidden"]) -> Float[Tensor, "*rows vocabulary"]:
        """Logits of the token after each of some states."""
        ...

    def logits(self, batch: Batch) -> Float[Tensor, "batch tokens vocabulary"]:
        """Logits of the token after each token of `batch.prefix`."""
        ...

    def generate(self, batch: Batch, search: Search) -> list[list[Hypothesis]]:
        """The n-best hypotheses of each example, the best first."""
        ...

    def save(self, folder: Path | str) -> None:
        """Write the model as plain transformers loads it, safetensors only."""
        ...


def part_names(model: nn.Module, part: str) -> list[str]:
    """The names of a part's tensors in the model's state dict.

    Raises:
        ValueError: the model has no such part; names those that it has.
    """
    if part not in model.parts:
        raise ValueError(f"no part {part!r}; the model has {', '.join(model.parts)}")
    prefixes = tuple(f"{prefix}." for prefix in model.parts[part])
    return [name for name in model.state_dict() if name.startswith(prefixes)]


def copy_parts(source: nn.Module, target: nn.Module, parts: Iterable[str]) -> None:
    """Copy the weights of named parts from one model to another of the same sizes.

    Raises:
        ValueError: a part is missing, or a tensor differs in name or shape.
    """
    values, own = source.state_dict(), target.state_dict()
    for part in parts:
        names = part_names(source, part)
        if set(names) != set(part_names(target, part)):
            raise ValueError(f"part {part!r} of the two models has different parameters")
        for name in names:
            if values[name].shape != own[name].shape:
                shapes = f"{list(values[name].shape)} and {list(own[name].shape)}"
                raise ValueError(f"{name} has shapes {shapes}; they must be equal to copy a part")
            own[name].copy_(values[name])
