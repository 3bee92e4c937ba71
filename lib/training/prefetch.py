"""Batches made ahead of the loop, in worker processes, so that a GPU does not wait for the CPU.

The order is that of the draws, so a training with workers, resumed or not, sees the same batches.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch.utils.data import DataLoader, Dataset

from lib.data.augment import Augment
from lib.data.batch import Batch
from lib.data.collate import AugmentKey, Collator, CollatorNotes
from lib.tasks import Example
from lib.training.batches import Draw

EpochExamples = tuple[int, list[Example]]  # the epoch and the examples of a batch
MAX_WORKERS = 8  # of a training process with a GPU
AHEAD = 4  # batches of each worker that wait


@dataclass(frozen=True, kw_only=True)
class BatchMaker(Dataset):
    """Makes the batch of a draw, in this process or in a worker."""

    collate: Collator
    augment: Augment | None
    seed: int

    def __getitem__(self, given: EpochExamples) -> tuple[Batch | None, CollatorNotes]:
        """The batch of a worker, and what its collator noted of it."""
        return self.make(given), self.collate.take_notes()

    def make(self, given: EpochExamples) -> Batch | None:
        """The batch; None where none of its audio is usable."""
        epoch, examples = given
        return self.collate(examples, self.augment_key(epoch))

    def augment_key(self, epoch: int) -> AugmentKey | None:
        """What decides an epoch's augmentation; None: there is none."""
        return AugmentKey(self.augment, self.seed, epoch) if self.augment else None


def default_workers(device: torch.device) -> int:
    """None on a CPU, which they would take from training; with a GPU, its share of the cores."""
    if device.type != "cuda":
        return 0
    share = len(os.sched_getaffinity(0)) // max(1, torch.cuda.device_count())
    return min(MAX_WORKERS, max(1, share - 1))


def make_batches(
    make: BatchMaker, draws: Iterable[Draw], device: torch.device, workers: int | None = None
) -> Iterator[Batch | None]:
    """The batches of draws, in their order.

    Args:
        draws: without end; workers are ahead of the batch that is asked for.
        device: of the training; for a GPU, batches of workers are in memory that it can read.
        workers: processes; None: as `default_workers`; 0: each batch is made when it is asked for.
    """
    workers = default_workers(device) if workers is None else workers
    given = ((draw.epoch, draw.examples) for draw in draws)
    if not workers:
        yield from map(make.make, given)
        return
    loader = DataLoader(
        make,
        batch_size=None,  # a draw is a batch
        sampler=given,
        num_workers=workers,
        prefetch_factor=AHEAD,
        pin_memory=device.type == "cuda",
        generator=torch.Generator(),  # else the loader draws from the one of dropout
        # what a spawned worker would be sent includes the model; a forked one never uses the GPU
        multiprocessing_context="fork",
        worker_init_fn=_begin_worker,
    )
    for batch, notes in loader:
        make.collate.add_notes(notes)
        yield batch


def _begin_worker(_number: int) -> None:
    """Ended by its parent, and by no signal that is meant for it."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
