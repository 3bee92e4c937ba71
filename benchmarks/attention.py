"""`attention`: a layer of published width with relative positions, ours against transformers'."""

from __future__ import annotations

import resource
import time
from functools import partial

import torch
from torch import nn
from transformers import Wav2Vec2BertConfig
from transformers.models.wav2vec2_bert.modeling_wav2vec2_bert import Wav2Vec2BertSelfAttention

from benchmarks.side_by_side import Figures, Row, alternate, measure, paired_row
from lib.models.relative_attention import RelativeAttention

PEER = "transformers Wav2Vec2BertSelfAttention"
CLIP_SECONDS = (5, 15, 30)
FRAMES_A_SECOND = 50  # the published stack of two frames
CALLS = 3  # timed, after one that is not


def rows(repeats: int) -> list[Row]:
    """Time and memory of both sides, training and without gradients, by the length of a clip."""
    table = []
    for seconds in CLIP_SECONDS:
        for training, doing in ((True, "forward and backward"), (False, "forward, no gradients")):
            pairs = alternate(
                "attention",
                repeats,
                partial(measure, ours, seconds=seconds, training=training),
                lambda _, s=seconds, t=training: measure(theirs, seconds=s, training=t),
                "milliseconds",
            )
            what = f"attention layer, clip of {seconds} s, {doing}"
            table.append(paired_row(pairs, "milliseconds", what=what, unit="ms", peer=PEER))
            what = f"memory of that beyond weights, {seconds} s, {doing}"
            table.append(paired_row(pairs, "megabytes", what=what, unit="MB", peer=PEER))
    return table


def ours(seconds: float, training: bool) -> Figures:
    """Time and memory with a product for each of 73 distances."""
    return _figures(RelativeAttention(_layer()), seconds, training)


def theirs(seconds: float, training: bool) -> Figures:
    """Time and memory with a vector for each pair of frames."""
    return _figures(_layer(), seconds, training)


def _layer() -> Wav2Vec2BertSelfAttention:
    torch.manual_seed(1)
    return Wav2Vec2BertSelfAttention(Wav2Vec2BertConfig())


def _figures(layer: nn.Module, seconds: float, training: bool) -> Figures:
    hidden = torch.randn(1, round(seconds * FRAMES_A_SECOND), 1024)
    mask = torch.zeros(1, 1, 1, hidden.shape[1])
    before = _peak_mb()
    times = []
    for _ in range(1 + CALLS):
        started = time.perf_counter()
        with torch.set_grad_enabled(training):
            states = layer(hidden, attention_mask=mask)[0]
        if training:
            states.square().mean().backward()
        times.append(time.perf_counter() - started)
    return {"milliseconds": 1000 * min(times[1:]), "megabytes": _peak_mb() - before}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
