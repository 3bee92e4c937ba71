"""The memory and the arithmetic of a training, from shapes alone: nothing is allocated or computed.

The objective itself runs forward and backward, on torch's fake tensors, while every storage that
lives is counted, and every matrix product. So it is known before a run if a stage fits a GPU.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from lib.data.batch import Batch
from lib.training.stages import Stage, freeze, recompute_activations, train_mode
from lib.training.step import batch_loss

ADAM_BYTES = 8  # of a trained parameter: its two moments in fp32
GRADIENT_BYTES = 4
AVERAGE_BYTES = 4  # of a trained parameter: its moving average
FUSED_ATTENTION = {  # -> where its queries stand among its arguments, before the keys
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: 0,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: 1,
}
RANGES = {torch.ops.aten.arange.default, torch.ops.aten.arange.start}
RANGES |= {torch.ops.aten.arange.start_step}


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """What one batch of a stage takes. Memory is that of the numbers, without what a device keeps
    for itself (about 1 GB) or loses between blocks.
    """

    parameters: int
    trained: int  # of them
    weights_bytes: int
    gradients_bytes: int
    optimizer_bytes: int  # with the moving average, where the stage has one
    activations_bytes: int  # at the peak of forward and backward: logits and all else that is kept
    operations: float  # of forward and backward; a multiply and an add are two

    @property
    def bytes(self) -> int:
        """The peak of an update."""
        kept = self.weights_bytes + self.gradients_bytes + self.optimizer_bytes
        return kept + self.activations_bytes

    def sharded(self, processes: int) -> int:
        """The peak of each of several processes, where they share weights and optimizer (FSDP)."""
        kept = self.weights_bytes + self.gradients_bytes + self.optimizer_bytes
        return kept // processes + self.activations_bytes

    @property
    def checkpoint_bytes(self) -> int:
        """On disk: trained weights, the best of them, and the optimizer's state."""
        return 2 * 4 * self.trained + self.optimizer_bytes


class OperationCounter(TorchDispatchMode):
    """Counts the operations of matrix products inside it; it changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0.0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        self.operations += _operations(func, args, kwargs or {}, out)
        return out


class DryRun(OperationCounter):
    """Inside it floating-point tensors have shapes and no numbers; integers, such as masks, are
    real, since the length of a batch depends on them.

    Layers that a model drops at random (layer drop) are all kept.
    """

    def __init__(self) -> None:
        super().__init__()
        self._fake = FakeTensorMode(allow_non_fake_inputs=True)
        self._sizes: dict[int, int] = {}  # storage -> bytes
        self.bytes = self.peak = 0  # that live now, and most at once since `reset_peak`

    def __enter__(self) -> DryRun:
        self._apply = nn.Module._apply
        # nothing has to move, and torch cannot swap fake weights
        nn.Module._apply = lambda module, *_: module
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        nn.Module._apply = self._apply
        super().__exit__(*error)

    def reset_peak(self) -> None:
        """Count the peak from here."""
        self.peak = self.bytes

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.ops.aten.rand.default and not args[0]:
            return torch.ones([])  # compared with the probability of dropping a layer
        if func is torch.ops.aten._local_scalar_dense.default and args[0].dtype == torch.bool:
            if isinstance(args[0], FakeTensor):
                return True  # asked of a mask that a model makes: nothing is hidden
        if _is_real(func, args, kwargs):
            return func(*args, **kwargs)
        if func is torch.ops.aten.index.Tensor:
            args = (args[0], [part for index in args[1] for part in _positions(index)])
        with self._fake:
            out = super().__torch_dispatch__(func, types, args, kwargs)
        for tensor in tree_leaves(out):
            if isinstance(tensor, FakeTensor):
                self._count(tensor.untyped_storage())
        self.peak = max(self.peak, self.bytes)
        return out

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._sizes:
            self._sizes[key] = storage.nbytes()
            self.bytes += storage.nbytes()
            weakref.finalize(storage, self._forget, key)

    def _forget(self, key: int) -> None:
        self.bytes -= self._sizes.pop(key)


def _is_real(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether an operation makes integers of integers, or of nothing."""
    given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    dtype = kwargs.get("dtype")
    if any(isinstance(tensor, FakeTensor) for tensor in given):
        return False
    if dtype is not None:
        return not dtype.is_floating_point
    return bool(given) or func in RANGES


def _positions(index: Tensor | None) -> list[Tensor | None]:
    """An index of a tensor; of a mask, the positions where it is true."""
    if isinstance(index, Tensor) and index.dtype == torch.bool:
        if not isinstance(index, FakeTensor):
            return list(index.nonzero().unbind(1))
    return [index]


def _operations(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> float:
    packet = func._overloadpacket
    if packet in FUSED_ATTENTION:  # torch counts the GPU's kernels only
        first = FUSED_ATTENTION[packet]
        (*outer, queries, width), keys = args[first].shape, args[first + 1].shape[-2]
        return (4.0 if first == 0 else 10.0) * math.prod(outer) * queries * keys * width
    count = flop_registry.get(packet)
    return count(*args, **kwargs, out_val=out) if count else 0.0


def footprint(
    make: Callable[[], nn.Module], batch: Callable[[nn.Module], Batch], stage: Stage
) -> Footprint:
    """What a batch of a stage takes.

    Args:
        make: builds the objective, with random weights; called in a `DryRun`.
        batch: of the objective; its tensors on the CPU. Called there too.

    Raises:
        ValueError: see `freeze`.
    """
    with DryRun() as dry, torch.random.fork_rng():
        objective = make()
        freeze(objective, stage.frozen)
        if stage.recompute:
            recompute_activations(objective)
        train_mode(objective)
        weights = sum(p.untyped_storage().nbytes() for p in objective.parameters())
        trained = [p for p in objective.parameters() if p.requires_grad]
        for parameter in trained:  # of the batches before this one in an update
            parameter.grad = torch.zeros_like(parameter)
        given = batch(objective)
        before = dry.bytes
        dry.operations = 0.0
        dry.reset_peak()
        total, _ = batch_loss(objective, given, stage, torch.device("cpu"))
        total.backward()
        count = sum(parameter.numel() for parameter in trained)
        return Footprint(
            parameters=sum(parameter.numel() for parameter in objective.parameters()),
            trained=count,
            weights_bytes=weights,
            gradients_bytes=GRADIENT_BYTES * count,
            optimizer_bytes=(ADAM_BYTES + AVERAGE_BYTES * bool(stage.ema)) * count,
            activations_bytes=dry.peak - before,
            operations=dry.operations,
        )
