"""Batched greedy and beam search: a batch is given what each of its utterances would be given alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from transformers.modeling_outputs import BaseModelOutput

from lib.batches import Batch, Buckets, Collator, input_size
from lib.models.seamless import Seamless
from lib.tasks import Example


@dataclass(frozen=True)
class Search:
    """How to look for an output (papers.md 1.8)."""

    beams: int = 5
    length_penalty: float = 1.0
    longest: int = 256  # new tokens
    batch_seconds: float = 160.0  # longest x count


@dataclass(frozen=True)
class Hypothesis:
    """What a system said to one example."""

    id: str
    text: str
    tokens: int
    score: float | None  # length-normalised log-probability; None for greedy search
    ended: bool  # it closed its sentence; False: it was stopped at `longest`


GREEDY = Search(beams=1)


@torch.no_grad()
def decode(
    model: Seamless,
    examples: list[Example],
    collate: Collator,
    search: Search = Search(),
    change: Callable[[Batch], Batch] = lambda batch: batch,
    progress: Callable[[str, int, int], None] = lambda what, done, of: None,
) -> list[Hypothesis]:
    """What the model says to each example, in their order.

    An example whose audio cannot be heard gets an empty hypothesis and is named in `collate.dropped`: a system that
    says nothing is scored for it.

    Args:
        change: done to each batch before the model sees it, such as `silenced`.
    """
    device = next(model.parameters()).device
    found: dict[str, Hypothesis] = {}
    model.eval()
    buckets = Buckets(
        examples, input_size, max(search.batch_seconds, max(map(input_size, examples))), 64, 0, lambda e: e.task.hears
    )
    for part in buckets.epoch(0):
        batch = collate(part)
        if batch is not None:
            for example, hypothesis in zip(batch.examples, _search(model, change(batch).to(device), search), strict=True):
                found[_key(example)] = hypothesis
        progress("decoding", len(found), len(examples))
    nothing = {_key(e): Hypothesis(e.id, "", 0, None, True) for e in examples if _key(e) not in found}
    return [(found | nothing)[_key(example)] for example in examples]


def _key(example: Example) -> str:
    return f"{example.id}/{example.task.value}/{example.target}"


def _search(model: Seamless, batch: Batch, search: Search) -> list[Hypothesis]:
    if batch.speech is not None:
        writer, states = model.speech, model.encode_speech(batch.speech, batch.mask)[0]
    else:
        writer, states = model.reader, model.encode_text(batch.text, batch.mask)[0]
    spare = list(range(len(model.tokenizer), model.config.vocab_size))  # rows that no token stands for
    out = writer.generate(
        batch.speech if batch.speech is not None else batch.text,
        encoder_outputs=BaseModelOutput(last_hidden_state=states),
        attention_mask=batch.mask,
        decoder_input_ids=batch.prefix[:, :2],  # </s> __lang__
        num_beams=search.beams,
        length_penalty=search.length_penalty,
        max_new_tokens=search.longest,
        do_sample=False,
        early_stopping=False,
        suppress_tokens=spare or None,
        return_dict_in_generate=True,
        output_scores=search.beams > 1,
    )
    scores = out.sequences_scores.tolist() if search.beams > 1 else [None] * len(batch.examples)
    end, hypotheses = model.tokenizer.eos_token_id, []
    for example, ids, score in zip(batch.examples, out.sequences[:, 2:].tolist(), scores, strict=True):
        ended = end in ids
        said = ids[: ids.index(end)] if ended else ids
        text = model.tokenizer.decode(said, skip_special_tokens=True).strip()
        hypotheses.append(Hypothesis(example.id, text, len(said), score, ended))
    return hypotheses


def silenced(batch: Batch) -> Batch:
    """The batch with its speech replaced by silence: what the model says when it hears nothing."""
    return Batch(**{**vars(batch), "speech": None if batch.speech is None else torch.zeros_like(batch.speech)})
