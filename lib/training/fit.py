"""The training loop. Design decisions:

1. Resuming changes no bit: batches are a function of (seed, epoch), augmentation of (seed, epoch,
   utterance), and a checkpoint holds the state of torch's random generators.
2. The loss of an update is one mean over all its batches and processes (`Stage.loss_mean`). Except
   with "batch", their number and size change memory and speed, not the gradient.
3. The costliest batches run once before the first update (`rehearsal.json`): out of memory, an
   infinite loss and unreadable audio show in the first seconds.
4. Weights are selected by decoding the development set, not by its loss.
5. An update whose loss or gradient is not finite is left out and counted; too many end training.
6. Checkpoints take at most 5 % of the time. SIGTERM saves one more and ends the process.
7. A finished stage is loaded instead of trained. Work of another recipe, of other data or on other
   frozen weights is refused; damaged work is named and made again from the start.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from contextlib import closing, nullcontext
from itertools import islice, tee
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from lib.data.batch import Batch
from lib.data.buckets import Buckets
from lib.data.collate import Collator
from lib.files import Damaged
from lib.progress import TrainingCallback, TrainingProgress, no_callback
from lib.tasks import Example
from lib.training.batches import (
    draw_batches,
    first_usable_batch,
    limit_epochs,
    make_buckets,
    padded_cost,
)
from lib.training.checkpoints import (
    LoopState,
    Training,
    make_identity,
    restore_checkpoint,
    save_checkpoint,
)
from lib.training.distributed import Ranks
from lib.training.finished import FitResult, discard, finish, load_finished
from lib.training.gpus import peak_operations
from lib.training.log import Log, peak_memory_mb
from lib.training.prefetch import BatchMaker, make_batches
from lib.training.rehearsal import operations_per_cost, rehearse
from lib.training.selection import Evaluate, load_best, select
from lib.training.stages import (
    Stage,
    freeze,
    make_optimizer,
    recompute_activations,
    train_mode,
)
from lib.training.step import Step, take_step
from lib.training.stopping import stop_requested
from lib.training.weight_averaging import MovingAverage

MAX_NOT_FINITE = 10  # updates
MAX_SAVING_SHARE = 0.05  # of the time: large models are saved less often than a stage asks


def fit(
    objective: nn.Module,
    stage: Stage,
    examples: Sequence[Example],
    collate: Collator,
    folder: Path,
    *,
    seed: int,
    evaluate: Evaluate | None = None,
    callback: TrainingCallback = no_callback,
    device: torch.device | str = "cpu",
    workers: int | None = None,
) -> FitResult:
    """Train `objective` for one stage, resume it, or load it where `folder` holds it finished.

    Afterwards the objective is in eval mode with its best weights; with the last ones where nothing
    evaluates. Under torchrun every process calls this alike; see `lib.training.launch`.

    Args:
        objective: holds the model; `objective(batch)` returns a `TokenLoss`.
        examples: a list, or an `ExampleStore` for more than fit in memory.
        folder: gets `rehearsal.json`, `training.csv`, `listening.jsonl`, `tensorboard/`,
            `best.safetensors` (trainable weights), during training `checkpoint/`, then `done.json`.
        evaluate: scores the model for selection and early stopping.
        workers: processes that make batches ahead of the loop; None: as `default_workers`. With
            any number the batches are the same.

    Raises:
        WrongCheckpoint: `folder` holds another recipe's training.
        FloatingPointError: the loss was not finite in more than 10 updates.
        DoesNotFit: a batch needs more memory than there is.
        ValueError: no example is usable, a frozen part does not exist, or the processes cannot
            share an update evenly.
    """
    folder.mkdir(parents=True, exist_ok=True)
    freeze(objective, stage.frozen)
    state = LoopState(identity=make_identity(objective, stage, examples, seed))
    if (folder / "done.json").exists():
        try:
            return load_finished(objective, state, folder)
        except Damaged as error:
            discard(folder, stage, error)
    buckets = make_buckets(examples, stage, collate, seed)
    training = _prepare(objective, stage, buckets, state, folder, seed, device)
    try:
        resumed = restore_checkpoint(training)
    except Damaged as error:
        discard(folder, stage, error)
        resumed = False
    make = BatchMaker(collate=collate, augment=stage.augment, seed=seed)
    stand_in = None
    if not resumed:
        stand_in = rehearse(training, buckets, collate, make.augment_key(0))
    _train(training, buckets, make, workers, stand_in, evaluate, callback)
    try:
        load_best(training, evaluate)
    except Damaged as error:  # the starting weights are gone: the next call begins with them
        discard(folder, stage, error)
        raise
    return finish(training, stage, resumed)


def _prepare(
    objective: nn.Module,
    stage: Stage,
    buckets: Buckets[Example],
    state: LoopState,
    folder: Path,
    seed: int,
    device: torch.device | str,
) -> Training:
    """The training before its first update."""
    ranks = Ranks(device)
    ranks.check_accumulate(stage.name, stage.accumulate)
    objective.to(ranks.device)
    if stage.recompute:
        recompute_activations(objective)
    if stage.shard:
        if len(np.unique(buckets.kinds)) > 1:  # FSDP: all processes have to run the same layers
            raise ValueError(
                f"stage {stage.name!r}: with shard=True the examples must be all speech or all text"
            )
        ranks.shard(objective)
    ranks.seed_everything(seed)
    return Training(
        objective=objective,
        stage=limit_epochs(stage, buckets),
        optimizer=make_optimizer(objective, stage),
        moving_average=MovingAverage(objective, stage.ema) if stage.ema else None,
        state=state,
        ranks=ranks,
        folder=folder,
    )


def _train(
    training: Training,
    buckets: Buckets[Example],
    make: BatchMaker,
    workers: int | None,
    stand_in: Batch | None,
    evaluate: Evaluate | None,
    callback: TrainingCallback,
) -> None:
    """The loop over updates."""
    stage, state, ranks, collate = training.stage, training.state, training.ranks, make.collate
    engine = ranks.wrap(training.objective)  # after the rehearsal, whose gradients must not count
    draws, ahead = tee(draw_batches(buckets, state.epoch, state.batch))
    batches = make_batches(make, ranks.own_draws(ahead), ranks.device, workers)
    per_cost = _peak_share_of_cost(training)
    started = time.monotonic() - state.seconds
    next_save = time.monotonic() + stage.save_every_seconds
    log_or_none = Log(training.folder, state.update) if ranks.is_main else nullcontext()
    with log_or_none as log, stop_requested() as stop_request, closing(batches):
        train_mode(training.objective)
        while state.update < stage.updates and state.evaluations_without_gain < stage.patience:
            # ---- draw this process's batches ----
            state.update += 1
            update_started = time.monotonic()
            last = deque(islice(draws, stage.accumulate), maxlen=1).pop()
            state.epoch, state.batch = last.epoch, last.number + 1
            own = list(islice(batches, stage.accumulate // ranks.world_size))
            waited = time.monotonic() - update_started
            usable = (batch for batch in own if batch is not None)
            stand_in = next(usable, stand_in) or first_usable_batch(buckets, collate)

            # ---- one update ----
            for group in training.optimizer.param_groups:
                group["lr"] = group["peak"] * stage.schedule_factor(state.update)
            asked = {"stop": stop_request.is_set(), "save": time.monotonic() > next_save}
            step = take_step(
                engine, training.optimizer, own, stage, ranks, collate.cost, stand_in, **asked
            )
            if training.moving_average and step.taken:
                training.moving_average.update(state.update)
            _count_not_finite(step, state, stage)
            seconds = time.monotonic() - update_started
            state.seconds = update_started + seconds - started
            mfu = per_cost and per_cost * padded_cost(own, collate.cost) / seconds
            row = _log_row(state, stage, step, seconds, waited / seconds, mfu)

            # ---- evaluate, log, save a checkpoint ----
            due = stage.evaluate_every and state.update % stage.evaluate_every == 0
            if evaluate and (due or state.update == stage.updates):
                row["score"] = select(training, evaluate, log)
            if log:
                log.add_update(row)
            callback(_progress(row, stage, state))
            if due or step.save or step.stop:
                next_save = _save(training, log)
            if step.stop:
                stop_request.reraise()
        if ranks.sum_over_ranks([stop_request.is_set()])[0]:  # in the last evaluation
            _save(training, log)
            stop_request.reraise()


def _peak_share_of_cost(training: Training) -> float | None:
    """The share of the device's peak arithmetic that one unit of cost a second is, if known."""
    peak = peak_operations(training.ranks.device, training.stage.precision)
    return operations_per_cost(training.folder) / peak if peak else None


def _count_not_finite(step: Step, state: LoopState, stage: Stage) -> None:
    state.not_finite += not step.taken
    if state.not_finite > MAX_NOT_FINITE:
        raise FloatingPointError(
            f"stage {stage.name!r}: the loss was not finite in {state.not_finite} updates, last in "
            f"{state.update}; lower learning_rate ({stage.learning_rate}) or set clip_norm"
        )


def _log_row(
    state: LoopState, stage: Stage, step: Step, seconds: float, waited: float, mfu: float | None
) -> dict[str, Any]:
    return {
        "update": state.update,
        "epoch": state.epoch,
        "loss": step.loss,
        "learning_rate": stage.learning_rate_at(state.update),
        "gradient_norm": step.gradient_norm,
        "audio_seconds_per_second": step.speech_seconds / seconds,
        "tokens_per_second": step.tokens / seconds,
        "padding_share": step.padding_share,
        "data_wait_share": waited,
        "mfu": mfu,
        "peak_memory_mb": peak_memory_mb(),
        "seconds": seconds,
        "seconds_left": state.seconds / state.update * (stage.updates - state.update),
        "score": None,
    }


def _progress(row: dict[str, Any], stage: Stage, state: LoopState) -> TrainingProgress:
    return TrainingProgress(
        stage=stage.name,
        update=state.update,
        updates=stage.updates,
        loss=row["loss"],
        best_score=state.best,
        seconds_left=row["seconds_left"],
        score=row["score"],
    )


def _save(training: Training, log: Log | None) -> float:
    """Save a checkpoint; returns the time from which the next one is due."""
    started = time.monotonic()
    if log:
        log.flush()
    save_checkpoint(training)
    now = time.monotonic()
    return now + max(training.stage.save_every_seconds, (now - started) / MAX_SAVING_SHARE)
