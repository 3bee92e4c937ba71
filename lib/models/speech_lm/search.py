"""Greedy and beam search with a speech language model, by Hugging Face's `generate`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils import parametrize

from lib.data.batch import Batch, lengths_mask
from lib.models.encoder_decoder import States, StatesMask
from lib.models.hypotheses import scored_rows, sequence_scores, to_hypothesis
from lib.models.protocol import Hypothesis, Search
from lib.models.speech_lm.splice import CAUSAL, Spliced, attention_mask, splice

if TYPE_CHECKING:
    from lib.models.speech_lm.model import SpeechLm

Prompts = tuple[Int[Tensor, "batch prompt"], Int[Tensor, "batch prompt"]]  # tokens and their mask
Speech = tuple[States | None, StatesMask | None]  # embeddings and their mask; none for text


def generate(model: SpeechLm, batch: Batch, search: Search) -> list[list[Hypothesis]]:
    """See `TranslationModel.generate`."""
    speech, prompts = model.speech_embeddings(batch), _prompts(model, batch)
    # a decoder goes on after the last position; an encoder's input stands as in training
    side = "right" if model.writes_with_decoder else "left"
    given = splice(*speech, model.embed(prompts[0]), prompts[1], padding=side)
    options = search.options() | _tokens(model)
    with _attention_of(model, given), parametrize.cached():
        sequences = model.language_model.generate(
            inputs_embeds=given.embeddings, attention_mask=given.mask, **options
        )
    if model.writes_with_decoder:
        sequences = sequences[:, 1:]  # without the start token
    scores = _scores(model, speech, prompts, sequences, search)
    rows = iter(zip(sequences.tolist(), scores, strict=True))
    return [
        [to_hypothesis(model.tokenizer, e.id, *next(rows)) for _ in range(search.n_best)]
        for e in batch.examples
    ]


def _prompts(model: SpeechLm, batch: Batch) -> Prompts:
    if model.writes_with_decoder:
        return batch.text, batch.text_mask
    mask = lengths_mask(batch.prompt_lengths).to(batch.prefix.device)
    return batch.prefix[:, : mask.shape[1]], mask


def _tokens(model: SpeechLm) -> dict[str, Any]:
    # rows of the table without a token
    unused = list(range(model.first_tag, model.language_model.config.vocab_size))
    return {
        "pad_token_id": model.pad_token_id,
        "eos_token_id": model.tokenizer.eos_token_id,
        "suppress_tokens": unused or None,
    }


@contextmanager
def _attention_of(model: SpeechLm, given: Spliced) -> Iterator[None]:
    """Inside the block a causal model reads the prompt with the model's attention.

    `generate` takes one number a position, which cannot say what sees what.
    """
    if model.attention == CAUSAL or model.writes_with_decoder:
        yield
        return
    whole = attention_mask(given.mask, given.is_speech, model.attention)

    def replace_mask(_module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        if kwargs.get("inputs_embeds") is not None:  # the prompt, once for each beam
            beams = len(kwargs["inputs_embeds"]) // len(whole)
            kwargs["attention_mask"] = whole.repeat_interleave(beams, 0)
        return args, kwargs

    decoder = model.language_model.get_decoder()
    hook = decoder.register_forward_pre_hook(replace_mask, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


def _scores(
    model: SpeechLm,
    speech: Speech,
    prompts: Prompts,
    sequences: Int[Tensor, "rows tokens"],
    search: Search,
) -> list[float]:
    """The score of each sequence, in one forward pass; rows of one example are adjacent."""
    scores: list[float] = []
    vocabulary, end = model.language_model.config.vocab_size, model.tokenizer.eos_token_id
    for part in torch.arange(len(sequences)).split(scored_rows(sequences.shape[1], vocabulary)):
        own = part // search.n_best
        heard = tuple(None if tensor is None else tensor[own] for tensor in speech)
        asked = tuple(tensor[own] for tensor in prompts)
        logits = _logits_of(model, heard, asked, sequences[part])
        scores += sequence_scores(logits, sequences[part], end, search.length_penalty)
    return scores


def _logits_of(
    model: SpeechLm, speech: Speech, prompts: Prompts, output: Int[Tensor, "rows tokens"]
) -> Float[Tensor, "rows tokens vocabulary"]:
    """Logits of each token of some outputs."""
    tokens, mask = prompts
    if model.writes_with_decoder:
        given = splice(*speech, model.embed(tokens), mask)
        start = torch.full_like(output[:, :1], model.language_model.config.decoder_start_token_id)
        return model.language_model(
            inputs_embeds=given.embeddings,
            attention_mask=given.mask,
            decoder_input_ids=torch.cat([start, output[:, :-1]], 1),
        ).logits
    whole = torch.cat([tokens, output], 1)
    mask = torch.cat([mask, torch.ones_like(output)], 1)
    given = splice(*speech, model.embed(whole), mask)
    positions = given.token_positions[:, tokens.shape[1] :] - 1
    return model.head(model.states_at(given, positions))
