"""One update of the weights, and what can go wrong in it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import nn
from torch.distributed.tensor import DTensor

from lib.data.collate import Batch
from lib.data.store import input_size
from lib.training.parallel import Ranks
from lib.training.stages import Stage


class DoesNotFit(RuntimeError):
    """A batch that the memory has no room for; the message names its longest example and the knobs."""


@dataclass(frozen=True)
class Step:
    """What one update came to, over all processes."""

    loss: float  # per target token
    norm: float  # of the gradient, before clipping
    tokens: int
    heard: float  # seconds of audio
    padding: float  # the share of input positions that hold nothing
    taken: bool  # False: loss or gradient was not finite, and the weights stayed as they were
    stop: bool  # some process was told to stop
    save: bool  # the first process wants a checkpoint


def take_step(
    engine: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Sequence[Batch | None],
    stage: Stage,
    ranks: Ranks,
    stand_in: Batch | None = None,
    stop: bool = False,
    save: bool = False,
) -> Step:
    """One optimizer step over the batches of all processes.

    The loss is the sum over all real target tokens of all batches and processes, divided by their number; so the
    gradient is the same however the batches are cut and shared out.

    Args:
        engine: gives a `Summed` loss for a batch; `Ranks.join` made it.
        batches: this process's; None stands for one of which nothing could be heard.
        stand_in: what such a batch runs instead, at no weight, where other processes wait for this one's gradients.

    Raises:
        DoesNotFit: out of memory.
    """
    optimizer.zero_grad(set_to_none=True)
    real = [batch for batch in batches if batch is not None]
    run = [(batch, 1.0) for batch in real]
    if ranks.count > 1:
        run += [(stand_in, 0.0)] * (len(batches) - len(real))
    total, tokens = torch.zeros((), device=ranks.device), 0
    for index, (batch, weight) in enumerate(run):
        with fits(batch, stage), ranks.quiet(engine) if index < len(run) - 1 else nullcontext():
            with precision(stage, ranks.device):
                summed = engine(batch.to(ranks.device))
            (summed.total * weight).backward()
        total, tokens = total + weight * summed.total.detach(), tokens + int(weight) * summed.count
    positions = sum(batch.mask.numel() for batch in real)
    facts = [total, tokens, sum(e.seconds for b in real for e in b.examples), sum(int(b.mask.sum()) for b in real), positions]
    loss, tokens, heard, filled, positions, stop, save = ranks.sums([*facts, stop, save and ranks.first])
    norm = _gradient_norm(optimizer, ranks.count / max(tokens, 1), stage.clip)
    taken = math.isfinite(loss) and math.isfinite(norm)
    if taken and tokens:
        optimizer.step()
    padding = 1 - filled / positions if positions else 0.0
    return Step(loss / max(tokens, 1), norm, int(tokens), heard, padding, taken, bool(stop), bool(save))


def _gradient_norm(optimizer: torch.optim.Optimizer, scale: float, clip: float | None) -> float:
    """Scale the gradients, clip them, and return their norm before clipping."""
    parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    gradients = [parameter.grad for parameter in parameters]
    if not gradients:
        return 0.0
    torch._foreach_mul_(gradients, scale)  # the sum becomes the mean only here, when all the tokens are known
    norm = torch.nn.utils.get_total_norm(gradients, foreach=True)
    if clip:
        torch.nn.utils.clip_grads_with_norm_(parameters, clip, norm, foreach=True)
    return (norm.full_tensor() if isinstance(norm, DTensor) else norm).item()


@contextmanager
def precision(stage: Stage, device: torch.device) -> Iterator[None]:
    """Inside the block matrix products are as precise as the stage says."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if stage.precision == "tf32" else "highest")
    try:
        with torch.autocast(device.type, torch.bfloat16, enabled=stage.precision == "bf16"):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextmanager
def fits(batch: Batch, stage: Stage) -> Iterator[None]:
    """Say which batch it was, and what to do, where the memory runs out in the block."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and "allocate memory" not in str(error):
            raise
        longest = max(batch.examples, key=input_size)
        raise DoesNotFit(
            f"stage {stage.name!r}: no memory for a batch of {len(batch.examples)} whose longest is {longest.id} "
            f"({input_size(longest):.1f} s): lower batch_seconds ({stage.batch_seconds:g}) and raise accumulate "
            f"({stage.accumulate}) by the same factor, or set recompute=True; {error}"
        ) from error
