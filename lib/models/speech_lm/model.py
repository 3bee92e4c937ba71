"""A speech encoder, a bridge and a language model: IT-IST, LLM-SRT and zero-resource.

A causal language model reads `[speech][prompt][target]`, or `[source text][prompt][target]` where
text goes in. An encoder-decoder reads `[speech][prompt]` with its encoder and writes the target
with its decoder. The prompt is `Example.prompt`, which a system writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lib.data.batch import IGNORED, Batch, TokenLayout
from lib.data.features import FeatureExtractor
from lib.data.store import default_cost
from lib.models.added_tokens import add_tokens
from lib.models.bridges.bridge import Bridge
from lib.models.encoder_decoder import CACHED_TEXTS, States, StatesMask
from lib.models.protocol import Hypothesis, Search
from lib.models.speech_encoder import SpeechEncoder
from lib.models.speech_lm.saving import save_parts
from lib.models.speech_lm.search import generate
from lib.models.speech_lm.splice import CAUSAL, Spliced, attention_mask, splice
from lib.models.tokenizer import text_ids
from lib.tasks import Example


class SpeechLm(nn.Module):
    """A `TranslationModel` around a language model.

    Args:
        encoder: of speech; None: the language model alone, which takes text.
        bridge: from the encoder's states to the language model's embeddings.
        language_model: causal or encoder-decoder.
        tokenizer: has a padding token that is not its end token.
        tags: new tokens of prompts, with embeddings of their own; the language model is unchanged
            and cannot write them.
        attention: among the positions of speech: "causal", as IT-IST's released code, or
            "bidirectional".
        written_tokens: new tokens that the language model reads and writes; see `add_tokens`.

    Raises:
        ValueError: the tokenizer pads with its end token, so that a model never learns to stop; or
            a tag stands twice, or is a token already.
    """

    export_classes: dict[str, str] = {}  # no class of transformers holds all three parts

    def __init__(
        self,
        encoder: SpeechEncoder | None,
        bridge: Bridge | None,
        language_model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        tags: Sequence[str] = (),
        attention: str = CAUSAL,
        written_tokens: Sequence[str] = (),
    ) -> None:
        super().__init__()
        check_padding(tokenizer)
        self.encoder, self.bridge, self.language_model = encoder, bridge, language_model
        self.tokenizer, self.attention = tokenizer, attention
        self.parts = {"language_model": ("language_model",)}
        if written_tokens:
            rows = add_tokens(language_model, tokenizer, written_tokens)
            self.parts["added_tokens"] = tuple(f"language_model.{name}" for name in rows)
        self._rows = len(self._embeddings.weight)
        self.tag_names = tuple(tags)
        tokenizer.add_special_tokens(
            {"additional_special_tokens": list(tags)}, replace_additional_special_tokens=False
        )
        self.first_tag = len(tokenizer) - len(tags)
        _check_tags(tokenizer, tags)
        self.tags = nn.Embedding(len(tags), self.width) if tags else None
        if encoder is not None:
            self.parts |= {"speech_encoder": ("encoder",), "bridge": ("bridge",)}
        if tags:
            self.parts["tags"] = ("tags",)
            with torch.no_grad():  # as large as other tokens
                self.tags.weight.mul_(self._embeddings.weight.std())
        self._text_ids = lru_cache(CACHED_TEXTS)(lambda text: tuple(text_ids(tokenizer, text)))

    @property
    def _embeddings(self) -> nn.Module:
        return self.language_model.get_input_embeddings()

    @property
    def width(self) -> int:
        """Width of the language model's embeddings."""
        return self._embeddings.weight.shape[1]

    @property
    def states_width(self) -> int:
        """Width of the states that the bridge reads."""
        shape = self.encoder.shape
        return shape.width * (shape.layers if self.bridge.reads_layers else 1)

    @property
    def pad_token_id(self) -> int:
        return self.tokenizer.pad_token_id

    @property
    def writes_with_decoder(self) -> bool:
        """Whether the language model is an encoder-decoder."""
        return self.language_model.config.is_encoder_decoder

    def feature_extractor(self, max_seconds: float) -> FeatureExtractor | None:
        return self.encoder.feature_extractor(max_seconds) if self.encoder else None

    def add_language(self, code: str) -> int:
        """The id of a language's tag.

        Raises:
            ValueError: the model has no tag for it; its prompts name languages otherwise.
        """
        if (tag := f"<|{code}|>") not in self.tag_names:
            raise ValueError(f"no tag {tag}; the model has {', '.join(self.tag_names) or 'none'}")
        return self.tokenizer.convert_tokens_to_ids(tag)

    def layout(self, example: Example, max_tokens: int) -> TokenLayout:
        """Source text, prompt and target; only the target and its end are learnt.

        Prompt and target are tokenized apart, so no token spans both.

        Raises:
            ValueError: a causal model has no prompt, and so no token that predicts the first one of
                the target.
        """
        end = self.tokenizer.eos_token_id
        source = () if example.task.speech_input else self._text_ids(example.source_text)
        target = self._text_ids(example.target_text)
        truncated = max(len(source), len(target) + 1) > max_tokens
        prompt = [*source[:max_tokens], *self._text_ids(example.prompt)]
        wanted = [*target[: max_tokens - 1], end]
        if self.writes_with_decoder:
            start = self.language_model.config.decoder_start_token_id
            return TokenLayout(
                prefix=[start, *wanted[:-1]],
                labels=wanted,
                prompt_length=1,
                source=prompt,
                truncated=truncated,
            )
        if not prompt:
            raise ValueError(f"{example.id}: a causal language model needs a prompt; it is empty")
        return TokenLayout(
            prefix=[*prompt, *wanted[:-1]],
            labels=[IGNORED] * (len(prompt) - 1) + wanted,
            prompt_length=len(prompt),
            truncated=truncated,
        )

    def cost(self, example: Example) -> float:
        speech = self.encoder is not None and example.task.speech_input
        return self.encoder.cost(example) if speech else default_cost(example)

    # ---- speech to embeddings ----

    def encode_speech(
        self, features: Float[Tensor, "batch frames width"], mask: Int[Tensor, "batch frames"]
    ) -> tuple[States, StatesMask]:
        """The states that the bridge reads, and which of them are real."""
        features, mask = self.bridge.before(features, mask)
        if self.bridge.reads_layers:
            return self.encoder.layer_states(features, mask)
        return self.encoder.frame_states(features, mask)

    def speech_embeddings(self, batch: Batch) -> tuple[States | None, StatesMask | None]:
        """What the language model reads of the speech; None for text."""
        if batch.states is not None:
            return self.bridge(batch.states, batch.states_mask)
        if batch.speech is None:
            return None, None
        return self.bridge(*self.encode_speech(batch.speech, batch.speech_mask))

    def embed(self, ids: Int[Tensor, "batch tokens"]) -> Float[Tensor, "batch tokens width"]:
        """Embeddings of tokens, tags among them."""
        # tags have no row of this table, and a padding token may have none
        found = self._embeddings(ids.masked_fill(ids >= self._rows, 0))
        if self.tags is None:
            return found
        is_tag = ids >= self.first_tag
        tags = self.tags((ids - self.first_tag).clamp(min=0))
        return torch.where(is_tag.unsqueeze(-1), tags, found)

    # ---- teacher forcing ----

    def splice(self, batch: Batch) -> Spliced:
        """Speech and all tokens of a batch."""
        speech = self.speech_embeddings(batch)
        if self.writes_with_decoder:
            return splice(*speech, self.embed(batch.text), batch.text_mask)
        return splice(*speech, self.embed(batch.prefix), batch.prefix_mask, batch.labels)

    @property
    def vocabulary_size(self) -> int:
        return self.language_model.get_output_embeddings().weight.shape[0]

    def output_states(self, batch: Batch) -> Float[Tensor, "batch tokens hidden"]:
        spliced = self.splice(batch)
        if not self.writes_with_decoder:
            return self.states_at(spliced, spliced.token_positions)
        read = self.language_model.get_encoder()(
            inputs_embeds=spliced.embeddings, attention_mask=spliced.mask
        )
        return self.language_model.get_decoder()(
            input_ids=batch.prefix,
            encoder_hidden_states=read.last_hidden_state,
            encoder_attention_mask=spliced.mask,
            use_cache=False,
        ).last_hidden_state

    def head(self, states: Float[Tensor, "*rows hidden"]) -> Float[Tensor, "*rows vocabulary"]:
        config = self.language_model.config
        if self.writes_with_decoder and config.tie_word_embeddings:  # as T5's own `forward`
            states = states * config.d_model**-0.5
        return self.language_model.get_output_embeddings()(states)

    def logits(self, batch: Batch) -> Float[Tensor, "batch tokens vocabulary"]:
        return self.head(self.output_states(batch))

    def states_at(
        self, spliced: Spliced, positions: Int[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch tokens hidden"]:
        """The last states of a causal model at some positions."""
        hidden = self.language_model.get_decoder()(
            inputs_embeds=spliced.embeddings,
            attention_mask=attention_mask(spliced.mask, spliced.is_speech, self.attention),
            position_ids=spliced.position_ids,
            use_cache=False,
        ).last_hidden_state
        at = positions.unsqueeze(-1).expand(-1, -1, hidden.shape[-1])
        return hidden.gather(1, at)

    def generate(self, batch: Batch, search: Search) -> list[list[Hypothesis]]:
        """The n-best hypotheses of each example; they do not depend on the batch's other rows."""
        return generate(self, batch, search)

    def save(self, folder: Path | str) -> None:
        """Write the three parts; `load_speech_lm` reads them."""
        save_parts(self, folder)


def check_padding(tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuse a tokenizer that pads with its end token.

    Raises:
        ValueError: it does, or it has no padding token.
    """
    if tokenizer.pad_token_id in (None, tokenizer.eos_token_id):
        raise ValueError(
            f"the padding token is {tokenizer.pad_token!r} and the end token "
            f"{tokenizer.eos_token!r}: the end of a text would be ignored as padding, and the "
            "model would never stop; add a padding token of its own"
        )


def _check_tags(tokenizer: PreTrainedTokenizerBase, tags: Sequence[str]) -> None:
    """Refuse tags that are not the last tokens, one each: their rows are found by that."""
    last = range(len(tokenizer) - len(tags), len(tokenizer))
    if tokenizer.convert_tokens_to_ids(list(tags)) != list(last):
        raise ValueError(
            f"the tags {', '.join(tags)} are not {len(tags)} new tokens: one stands twice, or the "
            "tokenizer has it already; choose other names"
        )
