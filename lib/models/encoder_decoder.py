"""Encoder-decoder models with `</s> __lang__` prefixes: layout, logits, search and scores.

Seamless and NLLB share this token layout: a source is `__lang__ tok ... </s>`, a target
`</s> __lang__ tok ... </s>`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.modeling_outputs import BaseModelOutput

from lib.data.batch import Batch, TokenLayout
from lib.data.features import FeatureExtractor
from lib.data.store import default_cost
from lib.models.hypotheses import scored_rows, sequence_scores, to_hypothesis
from lib.models.protocol import Hypothesis, Search
from lib.models.tokenizer import text_ids
from lib.tasks import Example

PROMPT_LENGTH = 2  # </s> __lang__
CACHED_TEXTS = 50_000  # texts whose token ids are kept; tokenizing takes a notable share of a step

States = Float[Tensor, "batch states hidden"]
StatesMask = Int[Tensor, "batch states"]


class EncoderDecoder(nn.Module, ABC):
    """A `TranslationModel` with one text decoder; subclasses encode and decode."""

    tokenizer: PreTrainedTokenizerBase
    parts: Mapping[str, tuple[str, ...]]
    prompt_length = PROMPT_LENGTH  # tokens of the decoder's input that generation starts from

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self._language_ids: dict[str, int] = {}
        self._text_ids = lru_cache(CACHED_TEXTS)(lambda text: tuple(text_ids(tokenizer, text)))

    @property
    @abstractmethod
    def config(self) -> PretrainedConfig:
        """Hugging Face's configuration."""

    @property
    def states_width(self) -> int:
        """Width of the encoder's states."""
        return self.config.hidden_size

    @property
    def pad_token_id(self) -> int:
        return self.tokenizer.pad_token_id

    @abstractmethod
    def add_language(self, code: str) -> int:
        """The id of a language's token; a language that the model lacks is added now."""

    @abstractmethod
    def encode_text(
        self, ids: Int[Tensor, "batch tokens"], mask: Int[Tensor, "batch tokens"]
    ) -> tuple[States, StatesMask]:
        """Encoder states of text, and which of them are real."""

    def encode_speech(
        self, features: Float[Tensor, "batch frames width"], mask: Int[Tensor, "batch frames"]
    ) -> tuple[States, StatesMask]:
        """Encoder states of speech, and which of them are real.

        Raises:
            TypeError: the model has no speech encoder.
        """
        raise TypeError(f"{type(self).__name__} takes text only")

    @abstractmethod
    def decoder_states(
        self, states: States, mask: StatesMask, prefix: Int[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch tokens hidden"]:
        """The decoder's last state for each token of `prefix` (teacher forcing)."""

    @abstractmethod
    def head(self, states: Float[Tensor, "*rows hidden"]) -> Float[Tensor, "*rows vocabulary"]:
        """Logits of the next token from decoder states."""

    @property
    def vocabulary_size(self) -> int:
        """Rows of the output head."""
        return self.config.vocab_size

    def decode(
        self, states: States, mask: StatesMask, prefix: Int[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch tokens vocabulary"]:
        """Logits of the token after each token of `prefix` (teacher forcing)."""
        return self.head(self.decoder_states(states, mask, prefix))

    @abstractmethod
    def generator(self, batch: Batch) -> PreTrainedModel:
        """The Hugging Face model whose `generate` takes the batch's kind of input."""

    def feature_extractor(self, max_seconds: float) -> FeatureExtractor | None:
        return None

    def layout(self, example: Example, max_tokens: int) -> TokenLayout:
        """Token ids with `</s> __lang__` before the target and `__lang__` before the source."""
        end = self.tokenizer.eos_token_id
        target = self._text_ids(example.target_text)
        target_ids = [end, self.add_language(example.target), *target[: max_tokens - 3], end]
        truncated, source_ids = len(target) > max_tokens - 3, None
        if example.source_text or not example.task.speech_input:
            source = self._text_ids(example.source_text)
            source_ids = [self.add_language(example.source), *source[: max_tokens - 2], end]
            truncated |= len(source) > max_tokens - 2
        return TokenLayout(
            prefix=target_ids[:-1],
            labels=target_ids[1:],
            prompt_length=self.prompt_length,
            source=source_ids,
            truncated=truncated,
        )

    def cost(self, example: Example) -> float:
        return default_cost(example)

    def encode(self, batch: Batch) -> tuple[States, StatesMask]:
        """Encoder states of a batch: cached ones, else of its speech, else of its text."""
        if batch.states is not None:
            return batch.states, batch.states_mask
        if batch.speech is not None:
            return self.encode_speech(batch.speech, batch.speech_mask)
        return self.encode_text(batch.text, batch.text_mask)

    def output_states(self, batch: Batch) -> Float[Tensor, "batch tokens hidden"]:
        return self.decoder_states(*self.encode(batch), batch.prefix)

    def logits(self, batch: Batch) -> Float[Tensor, "batch tokens vocabulary"]:
        return self.head(self.output_states(batch))

    def generate(self, batch: Batch, search: Search) -> list[list[Hypothesis]]:
        """The n-best hypotheses of each example; they do not depend on the batch's other rows."""
        states, states_mask = self.encode(batch)
        # embedding rows without a token
        unused = list(range(len(self.tokenizer), self.config.vocab_size))
        options = search.options() | {"suppress_tokens": unused or None}
        sequences = self.search(batch, states, states_mask, options)
        # rows of one example are adjacent, the best first
        states = states.repeat_interleave(search.n_best, 0)
        states_mask = states_mask.repeat_interleave(search.n_best, 0)
        scores = self._scores(states, states_mask, sequences, search.length_penalty)
        rows = iter(zip(sequences[:, self.prompt_length :].tolist(), scores, strict=True))
        return [
            [
                to_hypothesis(self.tokenizer, example.id, *next(rows))
                for _ in range(search.n_best)
            ]
            for example in batch.examples
        ]

    def search(
        self, batch: Batch, states: States, mask: StatesMask, options: dict[str, Any]
    ) -> Int[Tensor, "rows tokens"]:
        """Token ids of the best sequences, the prompt included.

        Args:
            options: of Hugging Face's `generate`.
        """
        return self.generator(batch).generate(
            batch.text if batch.speech is None else batch.speech,
            encoder_outputs=BaseModelOutput(last_hidden_state=states),
            attention_mask=batch.mask,
            decoder_input_ids=batch.prefix[:, : self.prompt_length],
            **options,
        )

    def _scores(
        self,
        states: States,
        states_mask: StatesMask,
        sequences: Int[Tensor, "batch tokens"],
        length_penalty: float,
    ) -> list[float]:
        """The score of each finished sequence after its prompt, in one forward pass."""
        scores: list[float] = []
        rows = scored_rows(sequences.shape[1], self.config.vocab_size)
        for part in torch.arange(len(sequences), device=sequences.device).split(rows):
            logits = self.decode(states[part], states_mask[part], sequences[part, :-1])
            logits = logits[:, self.prompt_length - 1 :]
            output, end = sequences[part, self.prompt_length :], self.tokenizer.eos_token_id
            scores += sequence_scores(logits, output, end, length_penalty)
        return scores
