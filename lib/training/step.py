"""One optimizer step: loss averaging, gradient accumulation, clipping, and errors that may occur.

Each objective returns a sum and a count (`TokenLoss`). The gradients of the sums are accumulated
over the batches of all processes and divided once by the summed count. So with `loss_mean="token"`
the gradient does not depend on how the update is split into batches and processes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from lib.data.batch import IGNORED, Batch
from lib.models.precision import matmul_precision
from lib.tasks import Example
from lib.training.distributed import Ranks
from lib.training.stages import Stage


class DoesNotFit(RuntimeError):
    """A batch needs more memory than there is; names its costliest example and the remedies."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """The result of one update, over all processes."""

    loss: float  # averaged as `Stage.loss_mean` says
    gradient_norm: float  # before clipping
    tokens: int  # target tokens
    speech_seconds: float
    padding_share: float  # of the input positions
    taken: bool  # False: loss or gradient was not finite, and the weights are unchanged
    stop: bool  # a process was asked to stop
    save: bool  # the main process asks for a checkpoint


def take_step(
    engine: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Sequence[Batch | None],
    stage: Stage,
    ranks: Ranks,
    cost: Callable[[Example], float],
    stand_in: Batch | None = None,
    *,
    stop: bool = False,
    save: bool = False,
) -> Step:
    """One optimizer step over the batches of all processes.

    Args:
        engine: the objective, from `Ranks.wrap`; returns a `TokenLoss` for a batch.
        batches: this process's; None for a batch without usable audio.
        cost: of an example, for errors.
        stand_in: run with weight 0 in place of None, because other processes wait for gradients.
        stop: this process was asked to stop.
        save: this process asks for a checkpoint; only the main process's counts.

    Raises:
        DoesNotFit: out of memory.
    """
    optimizer.zero_grad(set_to_none=True)
    usable = [batch for batch in batches if batch is not None]
    weighted = [(batch, 1) for batch in usable]
    if ranks.world_size > 1:
        weighted += [(stand_in, 0)] * (len(batches) - len(usable))
    total, count = _accumulate_gradients(engine, weighted, stage, ranks, cost)
    sums = [
        total,
        count,
        sum(int((batch.labels != IGNORED).sum()) for batch in usable),
        sum(batch.speech_seconds for batch in usable),
        sum(int(batch.mask.sum()) for batch in usable),
        sum(batch.mask.numel() for batch in usable),
        stop,
        save and ranks.is_main,
    ]
    total, count, tokens, seconds, filled, positions, stop, save = ranks.sum_over_ranks(sums)
    # DDP and FSDP have averaged the gradients over the processes
    norm = _scale_and_clip(optimizer, ranks.world_size / max(count, 1), stage.clip_norm)
    taken = math.isfinite(total) and math.isfinite(norm)
    if taken and count:
        optimizer.step()
    return Step(
        loss=total / max(count, 1),
        gradient_norm=norm,
        tokens=int(tokens),
        speech_seconds=seconds,
        padding_share=1 - filled / positions if positions else 0.0,
        taken=taken,
        stop=bool(stop),
        save=bool(save),
    )


def _accumulate_gradients(
    engine: nn.Module,
    weighted: Sequence[tuple[Batch, int]],
    stage: Stage,
    ranks: Ranks,
    cost: Callable[[Example], float],
) -> tuple[Tensor, int]:
    """Add up the gradients of this process's batches; returns the sum of losses and its count."""
    total, count = torch.zeros((), device=ranks.device), 0
    for index, (batch, weight) in enumerate(weighted):
        # processes exchange gradients in the last backward pass only
        is_last = index == len(weighted) - 1
        sync = nullcontext() if is_last else ranks.no_sync(engine)
        with explain_out_of_memory(batch, stage, cost), sync:
            batch_total, batch_count = batch_loss(engine, batch, stage, ranks.device)
            (batch_total * weight).backward()
        total, count = total + weight * batch_total.detach(), count + weight * batch_count
    return total, count


def batch_loss(
    engine: nn.Module, batch: Batch, stage: Stage, device: torch.device
) -> tuple[Tensor, int]:
    """The sum that a batch contributes to its update's loss, and its part of the denominator."""
    with matmul_precision(stage.precision, device):
        total, count = engine(batch.to(device))
    if stage.loss_mean == "batch":
        return total / max(count, 1), min(count, 1)
    return total, count


def _scale_and_clip(
    optimizer: torch.optim.Optimizer, scale: float, clip_norm: float | None
) -> float:
    """Scale the gradients, clip them, and return their norm before clipping."""
    groups = optimizer.param_groups
    parameters = [p for group in groups for p in group["params"] if p.grad is not None]
    gradients = [parameter.grad for parameter in parameters]
    if not gradients:
        return 0.0
    torch._foreach_mul_(gradients, scale)
    norm = torch.nn.utils.get_total_norm(gradients, foreach=True)
    if clip_norm:
        torch.nn.utils.clip_grads_with_norm_(parameters, clip_norm, norm, foreach=True)
    return (norm.full_tensor() if isinstance(norm, DTensor) else norm).item()


@contextmanager
def explain_out_of_memory(
    batch: Batch, stage: Stage, cost: Callable[[Example], float]
) -> Iterator[None]:
    """Name the batch and the remedies if memory runs out inside the block.

    Raises:
        DoesNotFit: it did.
    """
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and "allocate memory" not in str(error):
            raise
        costliest = max(batch.examples, key=cost)
        raise DoesNotFit(
            f"stage {stage.name!r}: out of memory for a batch of {len(batch.examples)}, the "
            f"costliest {costliest.id} (cost {cost(costliest):.1f}): lower batch_seconds "
            f"({stage.batch_seconds:g}) and raise accumulate ({stage.accumulate}) by the same "
            f"factor, or set recompute=True; {error}"
        ) from error
