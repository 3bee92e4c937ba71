"""Decode examples in batches, long audio in segments; the search is `model.generate`.

Results do not depend on the composition of a batch, in fp32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import nn

from lib.corpora.audio import BadAudio
from lib.data import segments
from lib.data.batch import Batch
from lib.data.buckets import Buckets
from lib.data.collate import Collator
from lib.data.store import costs_and_kinds
from lib.models.precision import FP32, matmul_precision
from lib.models.protocol import GREEDY, Hypothesis, Search
from lib.progress import Progress, no_progress
from lib.tasks import Example

MAX_BATCH_ITEMS = 64
ENDINGS = ("longest", "unheard", "end")  # of segments; the first that occurs is the whole clip's

# an example and a hypothesis as it was generated -> what is scored
Parse = Callable[[Example, Hypothesis], Hypothesis]

__all__ = ["GREEDY", "Hypothesis", "Search", "decode", "decode_segmented"]


def parse_by_task(example: Example, hypothesis: Hypothesis) -> Hypothesis:
    """The hypothesis with the text that its task scores."""
    return replace(hypothesis, text=example.task.parse(hypothesis.text))


@torch.no_grad()
def decode(
    model: nn.Module,
    examples: Sequence[Example],
    collate: Collator,
    search: Search = Search(),
    silence: bool = False,
    progress: Progress = no_progress,
    parse: Parse = parse_by_task,
    precision: str = FP32,
) -> list[Hypothesis]:
    """The hypothesis of each example, in their order.

    An example with unusable audio gets an empty hypothesis and is named in `collate.dropped`, so
    that it counts in the score.

    Args:
        model: a `TranslationModel`.
        silence: replace the audio by silence (a baseline).
        parse: applied to each hypothesis; of long audio to each segment's.
        precision: of matrix products, as in `Stage`; rounded to bf16, an output may depend on the
            other examples of its batch.
    """
    device = next(model.parameters()).device
    found: dict[tuple[str, ...], Hypothesis] = {}
    model.eval()
    costs, kinds = costs_and_kinds(examples, collate.cost)
    max_cost = search.batch_seconds / search.beams
    for chunk in Buckets(examples, costs, max_cost, MAX_BATCH_ITEMS, 0, kinds).epoch(0):
        batch = collate(chunk)
        if batch is not None:
            batch = _silenced(batch, collate) if silence else batch
            with matmul_precision(precision, device):
                n_best = model.generate(batch.to(device), search)
            for example, hypotheses in zip(batch.examples, n_best, strict=True):
                parsed = [parse(example, hypothesis) for hypothesis in hypotheses]
                found[_key(example)] = replace(parsed[0], others=tuple(parsed[1:]))
        progress("decoding", len(found), len(examples))
    return [found.get(_key(example)) or _unusable(example) for example in examples]


def decode_segmented(
    model: nn.Module,
    examples: Sequence[Example],
    collate: Collator,
    search: Search,
    max_seconds: float,
    overlap_seconds: float = 0.0,
    silence: bool = False,
    progress: Progress = no_progress,
    parse: Parse = parse_by_task,
    precision: str = FP32,
) -> list[Hypothesis]:
    """As `decode`; audio longer than `max_seconds` is decoded in segments and their texts joined.

    Args:
        overlap_seconds: shared by neighbouring segments; 0: they are cut at pauses.
    """
    segmented = [_segment(example, max_seconds, overlap_seconds) for example in examples]
    flat = [part for parts in segmented for part in parts]
    decoded = iter(decode(model, flat, collate, search, silence, progress, parse, precision))
    hypotheses = []
    for example, parts in zip(examples, segmented, strict=True):
        own = [next(decoded) for _ in parts]
        if len(own) > 1:
            own = [_join(example, own, overlap_seconds > 0)]
        hypotheses += own
    return hypotheses


def _join(example: Example, parts: Sequence[Hypothesis], overlap: bool) -> Hypothesis:
    text = segments.join_texts([part.text for part in parts], example.target, overlap)
    return Hypothesis(
        id=example.id,
        text=text,
        written="\n".join(part.written for part in parts if part.written),
        tokens=sum(part.tokens for part in parts),
        score=None,  # several searches have no common score
        ending=next(e for e in ENDINGS if any(part.ending == e for part in parts)),
        parts=len(parts),
    )


def _segment(example: Example, max_seconds: float, overlap_seconds: float) -> list[Example]:
    try:
        return segments.segment(example, max_seconds, overlap_seconds)
    except BadAudio:
        return [example]  # decode names what is wrong with it


def _silenced(batch: Batch, collate: Collator) -> Batch:
    if batch.speech is None:
        return batch
    return replace(batch, speech=collate.extractor.silence(batch.speech))


def _key(example: Example) -> tuple[str, ...]:
    """What tells the examples of one call apart: one clip may have several prompts, questions."""
    e = example
    return e.id, e.task.name, e.target, e.prompt, e.question


def _unusable(example: Example) -> Hypothesis:
    return Hypothesis(id=example.id, text="", tokens=0, score=None, ending="unheard")
