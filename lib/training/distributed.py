"""The processes of a distributed training (DDP or FSDP), through accelerate."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, gather_object
from torch import nn
from torch.distributed.fsdp import FSDPModule, fully_shard
from transformers.modeling_layers import GradientCheckpointingLayer

from lib.training.weights import Tensors

Drawn = TypeVar("Drawn")


class Ranks:
    """This process among those that torchrun started, or the only one.

    Args:
        device: "cpu" or "cuda"; of several processes each takes the GPU of its local rank.
    """

    def __init__(self, device: torch.device | str) -> None:
        # a batch may use only the text or only the speech encoder, and position tables may grow
        ddp = DistributedDataParallelKwargs(find_unused_parameters=True, broadcast_buffers=False)
        on_cpu = torch.device(device).type == "cpu"
        self._accelerator = Accelerator(cpu=on_cpu, kwargs_handlers=[ddp])
        self.device = self._accelerator.device
        self.rank = self._accelerator.process_index
        self.world_size = self._accelerator.num_processes
        self.is_main = self.rank == 0

    def shard(self, module: nn.Module) -> None:
        """Split the weights over the processes, layer by layer (FSDP)."""
        for layer in module.modules():
            if isinstance(layer, GradientCheckpointingLayer):  # base class of transformers' layers
                fully_shard(layer)
        fully_shard(module)

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module to call in training: its gradients are the mean over all processes."""
        if self.world_size == 1 or isinstance(module, FSDPModule):
            return module
        return self._accelerator.prepare_model(module)

    @contextmanager
    def no_sync(self, module: nn.Module) -> Iterator[None]:
        """Inside the block gradients accumulate without communication."""
        if self.world_size == 1:
            yield
        elif isinstance(module, FSDPModule):
            module.set_requires_gradient_sync(False)
            yield
            module.set_requires_gradient_sync(True)
        else:
            with module.no_sync():
                yield

    @contextmanager
    def unsharded(self, module: nn.Module) -> Iterator[None]:
        """Inside the block the submodules of a sharded module can be called, as decoding does."""
        shards = [part for part in module.modules() if isinstance(part, FSDPModule)]
        for part in shards:
            part.unshard()
        yield
        for part in shards:
            part.reshard()

    def sum_over_ranks(self, numbers: Sequence[float | torch.Tensor]) -> list[float]:
        """Each number's sum over all processes."""
        as_tensors = [torch.as_tensor(n, dtype=torch.float64, device=self.device) for n in numbers]
        own = torch.stack(as_tensors)
        return (self._accelerator.reduce(own, "sum") if self.world_size > 1 else own).tolist()

    def from_main(self, number: float) -> float:
        """The main process's number, in all processes."""
        return self.sum_over_ranks([number if self.is_main else 0.0])[0]

    def check_accumulate(self, stage_name: str, accumulate: int) -> None:
        """Refuse a number of batches an update that the processes cannot share evenly.

        Raises:
            ValueError: it is not a multiple of the number of processes.
        """
        if accumulate % self.world_size:
            raise ValueError(
                f"stage {stage_name!r} has accumulate={accumulate}, which is not a multiple of "
                f"{self.world_size} processes; use stage.split_batches({self.world_size})"
            )

    def own_draws(self, draws: Iterable[Drawn]) -> Iterator[Drawn]:
        """This process's part of what is drawn for all of them."""
        return islice(draws, self.rank, None, self.world_size)

    def seed_everything(self, seed: int) -> None:
        """Seed all random generators; each process has dropout of its own."""
        random.seed(seed + 1000 * self.rank)
        np.random.seed(seed + 1000 * self.rank)
        torch.manual_seed(seed + 1000 * self.rank)

    def rng_states(self) -> Tensors:
        """The random generator states of every process."""
        own = {f"torch-{self.rank}": torch.get_rng_state()}
        if torch.cuda.is_available():
            own[f"cuda-{self.rank}"] = torch.cuda.get_rng_state()
        if self.world_size == 1:
            return own
        return {name: state for part in gather_object([own]) for name, state in part.items()}

    def restore_rng_state(self, states: Tensors) -> None:
        """Restore this process's random generators from `rng_states`.

        A process that had no part in the earlier training keeps its states.
        """
        if f"torch-{self.rank}" in states:
            torch.set_rng_state(states[f"torch-{self.rank}"])
        if f"cuda-{self.rank}" in states and torch.cuda.is_available():
            torch.cuda.set_rng_state(states[f"cuda-{self.rank}"])

    def barrier(self) -> None:
        """Wait until all processes arrive here."""
        self._accelerator.wait_for_everyone()

    def release(self) -> None:
        """Drop accelerate's references to the wrapped module."""
        self._accelerator.free_memory()
