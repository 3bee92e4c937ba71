"""The processes that share a training: who this one is, sums over all of them, and the model that keeps them equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, gather_object
from torch import nn
from torch.distributed.fsdp import FSDPModule, fully_shard
from transformers.modeling_layers import GradientCheckpointingLayer

from lib.training.checkpoints import Tensors, rng_state


class Ranks:
    """One of the processes that torchrun started, or the only one.

    Args:
        device: "cpu" or "cuda"; with several processes each takes the GPU of its number.
    """

    def __init__(self, device: torch.device | str) -> None:
        # a batch may use the text side or the speech side only, and position tables grow: both are no error
        wrapping = DistributedDataParallelKwargs(find_unused_parameters=True, broadcast_buffers=False)
        self._accelerator = Accelerator(cpu=torch.device(device).type == "cpu", kwargs_handlers=[wrapping])
        self.device = self._accelerator.device
        self.rank, self.count = self._accelerator.process_index, self._accelerator.num_processes
        self.first = self.rank == 0

    def shard(self, module: nn.Module) -> None:
        """Split the weights over the processes, layer by layer: each holds its part and borrows a layer to run it (FSDP)."""
        for layer in module.modules():
            if isinstance(layer, GradientCheckpointingLayer):  # what Hugging Face calls a layer, in every family
                fully_shard(layer)
        fully_shard(module)

    def join(self, module: nn.Module) -> nn.Module:
        """The module to call in training: its gradients are the mean over all processes."""
        return module if self.count == 1 or isinstance(module, FSDPModule) else self._accelerator.prepare_model(module)

    @contextmanager
    def quiet(self, module: nn.Module) -> Iterator[None]:
        """Inside the block gradients are added up without asking the other processes."""
        if self.count == 1:
            yield
        elif isinstance(module, FSDPModule):
            module.set_requires_gradient_sync(False)
            yield
            module.set_requires_gradient_sync(True)
        else:
            with module.no_sync():
                yield

    @contextmanager
    def whole(self, module: nn.Module) -> Iterator[None]:
        """Inside the block the parts of a sharded module can be called by themselves, as generation does."""
        shards = [part for part in module.modules() if isinstance(part, FSDPModule)]
        for part in shards:
            part.unshard()
        yield
        for part in shards:
            part.reshard()

    def sums(self, numbers: Sequence[float | torch.Tensor]) -> list[float]:
        """Each number's sum over all processes."""
        own = torch.stack([torch.as_tensor(n, dtype=torch.float64, device=self.device) for n in numbers])
        return self._accelerator.reduce(own, "sum").tolist() if self.count > 1 else own.tolist()

    def of_first(self, number: float) -> float:
        """The first process's number, for all."""
        return self.sums([number if self.first else 0.0])[0]

    def rng_states(self) -> Tensors:
        """The state of every process's generators."""
        own = rng_state(self.rank)
        if self.count == 1:
            return own
        return {name: state for part in gather_object([own]) for name, state in part.items()}

    def share(self, stage_name: str, accumulate: int) -> range:
        """Which of an update's batches are this process's.

        Raises:
            ValueError: where the batches cannot be shared out evenly.
        """
        if accumulate % self.count:
            raise ValueError(
                f"stage {stage_name!r} has {accumulate} batches an update, which {self.count} processes cannot share evenly; "
                f"use stage.split({self.count}), which makes smaller ones, or another number of processes"
            )
        return range(self.rank, accumulate, self.count)

    def wait(self) -> None:
        """Until all processes are here."""
        self._accelerator.wait_for_everyone()

    def leave(self) -> None:
        """Let go of the joined module."""
        self._accelerator.free_memory()
