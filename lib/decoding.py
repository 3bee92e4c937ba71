"""Batched greedy and beam search: a batch is given what each of its utterances would be given alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutput

from lib.corpora.audio import BadAudio
from lib.data import segments
from lib.data.buckets import Buckets
from lib.data.collate import Batch, Collator
from lib.data.store import sizes_and_kinds
from lib.models.translator import Translator
from lib.tasks import Example


@dataclass(frozen=True)
class Search:
    """How to look for an output; the defaults are GMU's, LLM-SRT's stand beside them."""

    beams: int = 5
    length_penalty: float = 1.0  # the exponent of the length that a sum of log-probabilities is divided by
    longest: int = 256  # new tokens
    shortest: int = 0  # new tokens before the sentence may end; LLM-SRT: 10, or 1
    no_repeat: int = 0  # no n-gram of this size twice; LLM-SRT: 5. It hides loops, which are there to be seen
    repetition_penalty: float = 1.0
    n_best: int = 1  # hypotheses that are kept, at most as many as beams
    batch_seconds: float = 800.0  # longest x count x beams

    def __post_init__(self) -> None:
        if not 1 <= self.n_best <= self.beams:
            raise ValueError(f"{self.n_best} hypotheses cannot be kept of {self.beams} beams; raise beams, or lower n_best")


@dataclass(frozen=True)
class Hypothesis:
    """What a system said to one example."""

    id: str
    text: str
    tokens: int  # without the one that ends it
    score: float | None  # sum of log-probabilities, the end's among them, over length ** length_penalty
    ending: str  # "end": it closed its sentence; "longest": it was stopped there; "unheard": its audio is unusable
    parts: int = 1  # that its audio was decoded in
    others: tuple[Hypothesis, ...] = ()  # the next best ones, where they were asked for; none where it was decoded in parts


GREEDY = Search(beams=1)
MOST_LOGITS = 50_000_000  # computed at once when hypotheses are scored


@torch.no_grad()
def decode(
    model: Translator,
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
    sizes, kinds = sizes_and_kinds(examples)
    buckets = Buckets(examples, sizes, search.batch_seconds / search.beams, 64, 0, kinds)
    for part in buckets.epoch(0):
        batch = collate(part)
        if batch is not None:
            for example, hypothesis in zip(batch.examples, _search(model, change(batch).to(device), search), strict=True):
                found[_key(example)] = hypothesis
        progress("decoding", len(found), len(examples))
    nothing = {_key(e): Hypothesis(e.id, "", 0, None, "unheard") for e in examples if _key(e) not in found}
    return [(found | nothing)[_key(example)] for example in examples]


def decode_in_parts(
    model: Translator,
    examples: list[Example],
    collate: Collator,
    search: Search,
    longest: float,
    overlap: float = 0.0,
    change: Callable[[Batch], Batch] = lambda batch: batch,
    progress: Callable[[str, int, int], None] = lambda what, done, of: None,
) -> list[Hypothesis]:
    """As `decode`, but audio longer than `longest` seconds is decoded in parts and what is said to them joined: nothing is cut off.

    Args:
        overlap: seconds that neighbouring parts share; 0: they are cut at pauses.
    """
    cut = [_parts(example, longest, overlap) for example in examples]
    said = iter(decode(model, [part for row in cut for part in row], collate, search, change, progress))
    whole = []
    for example, row in zip(examples, cut, strict=True):
        mine = [next(said) for _ in row]
        if len(mine) == 1:
            whole += mine
            continue
        text = segments.joined([h.text for h in mine], example.target, overlap > 0)
        endings = [ending for ending in ("longest", "unheard", "end") if any(h.ending == ending for h in mine)]
        # there is no one score of several searches
        whole.append(Hypothesis(example.id, text, sum(h.tokens for h in mine), None, endings[0], len(mine)))
    return whole


def _parts(example: Example, longest: float, overlap: float) -> list[Example]:
    try:
        return segments.parts(example, longest, overlap)
    except BadAudio:
        return [example]  # decode says what is wrong with it


def _key(example: Example) -> str:
    return f"{example.id}/{example.task.value}/{example.target}"


def _search(model: Translator, batch: Batch, search: Search) -> list[Hypothesis]:
    if batch.speech is not None:
        writer, (states, states_mask) = model.speech, model.encode_speech(batch.speech, batch.mask)
    else:
        writer, (states, states_mask) = model.reader, model.encode_text(batch.text, batch.mask)
    spare = list(range(len(model.tokenizer), model.config.vocab_size))  # rows that no token stands for
    sequences = writer.generate(
        batch.speech if batch.speech is not None else batch.text,
        encoder_outputs=BaseModelOutput(last_hidden_state=states),
        attention_mask=batch.mask,
        decoder_input_ids=batch.prefix[:, :2],  # </s> __lang__
        num_beams=search.beams,
        num_return_sequences=search.n_best,
        length_penalty=search.length_penalty,
        max_new_tokens=search.longest,
        min_new_tokens=search.shortest or None,
        no_repeat_ngram_size=search.no_repeat or None,
        repetition_penalty=search.repetition_penalty,
        do_sample=False,
        early_stopping=False,
        suppress_tokens=spare or None,
    )
    # a row for each hypothesis: an example's lie together, the best one first
    states, states_mask = (tensor.repeat_interleave(search.n_best, 0) for tensor in (states, states_mask))
    scores = _scores(model, states, states_mask, sequences, search.length_penalty)
    rows = iter(zip(sequences[:, 2:].tolist(), scores, strict=True))
    hypotheses = []
    for example in batch.examples:
        best, *others = [_hypothesis(model, example.id, *next(rows)) for _ in range(search.n_best)]
        hypotheses.append(replace(best, others=tuple(others)))
    return hypotheses


def _hypothesis(model: Translator, name: str, ids: list[int], score: float) -> Hypothesis:
    end = model.tokenizer.eos_token_id
    ended = end in ids
    said = ids[: ids.index(end)] if ended else ids
    text = model.tokenizer.decode(said, skip_special_tokens=True).strip()
    return Hypothesis(name, text, len(said), score, "end" if ended else "longest")


def _scores(
    model: Translator,
    states: Float[Tensor, "batch states hidden"],
    states_mask: Int[Tensor, "batch states"],
    sequences: Int[Tensor, "batch tokens"],
    length_penalty: float,
) -> list[float]:
    """The score of each sequence after `</s> __lang__`, read off in one pass over the finished outputs.

    generate() could keep it, but holds every step's scores of the whole vocabulary for that: gigabytes at full size.
    """
    rows = max(1, MOST_LOGITS // (sequences.shape[1] * model.config.vocab_size))
    found: list[float] = []
    for part in torch.arange(len(sequences), device=sequences.device).split(rows):
        logits = model.decode(states[part], states_mask[part], sequences[part, :-1])[:, 1:].float().log_softmax(-1)
        said = sequences[part, 2:]
        chosen = logits.gather(-1, said.unsqueeze(-1)).squeeze(-1)
        # up to and with the first end; what stands behind it is padding
        over = (said == model.tokenizer.eos_token_id).cumsum(1) - (said == model.tokenizer.eos_token_id).long()
        real = over == 0
        found += ((chosen * real).sum(1) / real.sum(1).clamp(min=1) ** length_penalty).tolist()
    return found


def silenced(batch: Batch) -> Batch:
    """The batch with its speech replaced by silence: what the model says when it hears nothing."""
    return Batch(**{**vars(batch), "speech": None if batch.speech is None else torch.zeros_like(batch.speech)})
