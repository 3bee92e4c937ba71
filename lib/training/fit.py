"""The training loop: one readable function, resumable at any update, and the same with or without a stop."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel

from lib.data.buckets import Buckets
from lib.data.collate import AugmentKey, Batch, Collator
from lib.data.store import hash_of, sizes_and_kinds
from lib.files import read_json, write_json
from lib.tasks import Example
from lib.training import checkpoints
from lib.training.log import Log, peak_memory_mb, read_rows
from lib.training.parallel import Ranks
from lib.training.rehearsal import rehearse
from lib.training.selection import Evaluate, keep_best, select
from lib.training.stages import Stage, freeze, optimizer_of, train_mode
from lib.training.step import Step, take_step
from lib.training.stopping import stop_requested
from lib.training.weight_averaging import MovingAverage

MOST_NOT_FINITE = 10  # updates with a loss that is not finite before training stops
HOW_IT_IS_RUN = ("save_every", "recompute", "shard")  # fields of a stage that do not decide what is learnt
SAVING_SHARE = 0.05  # of the time at most goes into checkpoints: a large model is saved less often than a stage asks


@dataclass(frozen=True)
class TrainingProgress:
    """What the loop is doing, for whoever watches."""

    stage: str
    update: int
    updates: int
    loss: float
    score: float | None  # the best so far
    seconds_left: float  # of this stage, at most
    score_now: float | None = None  # of this update, where it was evaluated


@dataclass
class FitResult:
    """What a stage came to."""

    stage: str
    updates: int
    seconds: float
    best: float | None  # the best score on the development set
    best_update: int  # 0: an average of several
    history: list[dict] = field(default_factory=list)  # the rows of training.csv
    resumed: bool = False
    not_finite: int = 0  # updates that were left out since the loss or its gradient was not finite


TrainingCallback = Callable[[TrainingProgress], None]


def fit(
    objective: nn.Module,
    stage: Stage,
    examples: Sequence[Example],
    collate: Collator,
    folder: Path,
    *,
    seed: int,
    evaluate: Evaluate | None = None,
    watch: TrainingCallback = lambda tick: None,
    device: torch.device | str = "cpu",
) -> FitResult:
    """Train `objective` for one stage and leave it with its best weights (the last ones where nothing evaluates).

    The loss of an update is the sum over all its real target tokens divided by their number, however many batches and
    processes shared it. A stage that was finished in `folder` is not trained again, and one that was interrupted goes
    on where it was. Under torchrun every process calls this alike; see `lib.training.launch`.

    Args:
        objective: `objective(batch)` gives a `Summed` loss; it holds the model.
        examples: a list, or a `Listing` for more than memory should hold.
        folder: gets `rehearsal.json`, `training.csv`, `listening.jsonl`, `tensorboard/`, `best.safetensors` (what
            trained), `checkpoint/` while it goes on, and at the end `done.json`.
        evaluate: selection and early stopping are by this, not by the loss.

    Raises:
        WrongCheckpoint: `folder` holds another recipe's work.
        FloatingPointError: the loss was not finite more than 10 times.
        DoesNotFit: a batch needs more memory than there is.
        ValueError: there is nothing to train on, a frozen part does not exist, or the processes cannot share an update.
    """
    folder.mkdir(parents=True, exist_ok=True)
    freeze(objective, stage.frozen)
    identity = _identity(objective, stage, examples, seed)
    if (folder / "done.json").exists():
        return _done(objective, identity, folder)
    ranks = Ranks(device)
    share = ranks.share(stage.name, stage.accumulate)
    objective.to(ranks.device)
    _recompute(objective, stage.recompute)
    sizes, kinds = sizes_and_kinds(examples)
    if stage.shard:
        if len(np.unique(kinds)) > 1:  # the processes lend each other layers, so all have to run the same ones
            raise ValueError(f"stage {stage.name!r} shards its weights, so its examples must be all heard or all read")
        ranks.shard(objective)
    optimizer = optimizer_of(objective, stage)
    average = MovingAverage(objective, stage.ema) if stage.ema else None
    stretch = min([1.0, *(stage.augment.speeds if stage.augment else ())])  # slowed speech is longer
    buckets = Buckets(examples, sizes, stage.batch_seconds * stretch, stage.batch_most, seed, kinds)
    checkpoints.seed_everything(seed + 1000 * ranks.rank)  # each process has dropout of its own
    state = checkpoints.load_checkpoint(
        folder / "checkpoint", objective, optimizer, lambda state: _check(state["identity"], identity, folder),
        average and average.weights, ranks.rank,
    )  # fmt: skip
    resumed = state is not None
    state = state or {
        "identity": identity, "update": 0, "epoch": 0, "batch": 0, "best": None, "best_update": 0, "not_finite": 0,
        "worse": 0, "seconds": 0.0, "kept": [],
    }  # fmt: skip
    stand_in = None
    if not resumed:
        stand_in = rehearse(objective, buckets, collate, stage, ranks, _draw(stage, seed, 0), folder)
    engine = ranks.join(objective)  # not before: it would take the rehearsal's gradients for those of an update
    before, started, saved, interval = state["seconds"], time.monotonic(), time.monotonic(), stage.save_every
    batches = _batches(buckets, state)
    with Log(folder, state["update"]) if ranks.first else nullcontext() as log, stop_requested() as told:
        train_mode(objective)
        while state["update"] < stage.updates and state["worse"] < stage.patience:
            state["update"] += 1
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * stage.factor(state["update"])
            clock = time.monotonic()
            drawn = [(state["epoch"], next(batches)) for _ in range(stage.accumulate)]
            own = [collate(drawn[index][1], _draw(stage, seed, drawn[index][0])) for index in share]
            stand_in = next((batch for batch in own if batch is not None), stand_in) or _usable(buckets, collate)
            wants_save = time.monotonic() - saved > interval
            step = take_step(engine, optimizer, own, stage, ranks, stand_in, told.is_set(), wants_save)
            if average and step.taken:
                average.update(state["update"])
            _count_not_finite(step, state, stage)
            state["seconds"] = before + time.monotonic() - started
            row = _row(state, stage, step, time.monotonic() - clock)
            due = stage.evaluate_every and state["update"] % stage.evaluate_every == 0
            if evaluate and (due or state["update"] == stage.updates):
                row["score"] = select(objective, evaluate, average, state, stage, folder, ranks, log)
            if ranks.first:
                log.row(row)
            watch(TrainingProgress(stage.name, state["update"], stage.updates, step.loss, state["best"], row["seconds_left"], row["score"]))
            if due or step.save or step.stop:
                took = _save(objective, optimizer, average, state, folder, ranks, log)
                saved, interval = time.monotonic(), max(stage.save_every, took / SAVING_SHARE)
            if step.stop:
                told.leave()
    keep_best(objective, evaluate, average, state, folder, ranks)
    ranks.leave()
    facts = {
        "stage": stage.name, "updates": state["update"], "seconds": round(state["seconds"], 2), "best": state["best"],
        "best_update": state["best_update"], "resumed": resumed, "not_finite": state["not_finite"],
    }  # fmt: skip
    if ranks.first:
        write_json(folder / "done.json", {"identity": identity, **facts})
        shutil.rmtree(folder / "checkpoint", ignore_errors=True)
        shutil.rmtree(folder / "kept", ignore_errors=True)
    ranks.wait()
    return FitResult(**facts, history=read_rows(folder / "training.csv"))


def _identity(objective: nn.Module, stage: Stage, examples: Sequence[Example], seed: int) -> dict:
    """What must be equal for a stage to be the same: how it is saved or recomputed is not part of it."""
    recipe = {name: value for name, value in asdict(stage).items() if name not in HOW_IT_IS_RUN}
    data = {"examples": len(examples), "hash": hash_of(examples)}
    frozen = checkpoints.weights_fingerprint((name, p) for name, p in objective.named_parameters() if not p.requires_grad)
    whole = {"recipe": recipe, "seed": seed, "data": data, "frozen weights": frozen}
    return json.loads(json.dumps(whole))  # as it comes back from a file


def _check(found: dict, wanted: dict, folder: Path) -> None:
    """Refuse what is of another recipe, other data, or another base, and say how it differs."""
    then, now = ({**whole["recipe"], **{k: v for k, v in whole.items() if k != "recipe"}} for whole in (found, wanted))
    differ = [f"{name} was {then.get(name)!r} and is {now.get(name)!r}" for name in now if then.get(name) != now.get(name)]
    if differ:
        raise checkpoints.WrongCheckpoint(
            f"{folder} holds another recipe's work or is from other data: {'; '.join(differ)}; "
            "delete the folder to start anew, or train into another one"
        )


def _done(objective: nn.Module, identity: dict, folder: Path) -> FitResult:
    done = read_json(folder / "done.json")
    _check(done.pop("identity"), identity, folder)
    path = folder / "best.safetensors"
    checkpoints.fill(checkpoints.trained_weights(objective), checkpoints.load_tensors(path), path)
    objective.eval()
    return FitResult(**done, history=read_rows(folder / "training.csv"))


def _save(
    objective: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: MovingAverage | None,
    state: dict,
    folder: Path,
    ranks: Ranks,
    log: Log | None,
) -> float:
    """Write a checkpoint; returns the seconds that took."""
    started, rng_states = time.monotonic(), ranks.rng_states()
    if log:
        log.flush()
    weights = average and average.weights
    checkpoints.save_checkpoint(folder / "checkpoint", objective, optimizer, state, rng_states, weights, ranks.first)
    return time.monotonic() - started


def _recompute(objective: nn.Module, wanted: bool) -> None:
    for module in objective.modules():
        if wanted and isinstance(module, PreTrainedModel) and module.supports_gradient_checkpointing:
            module.gradient_checkpointing_enable({"use_reentrant": False})


def _draw(stage: Stage, seed: int, epoch: int) -> AugmentKey | None:
    return AugmentKey(stage.augment, seed, epoch) if stage.augment else None


def _usable(buckets: Buckets, collate: Collator) -> Batch:
    """Any batch that can be heard."""
    epoch = buckets.epoch(0)
    for index in range(len(epoch)):
        batch = collate(epoch[index])
        if batch is not None:
            return batch
    raise ValueError("no audio can be heard any more; are the files still there?")


def _batches(buckets: Buckets, state: dict) -> Iterator[list[Example]]:
    """Batches without end, from where `state` stands; `state` moves along."""
    while True:
        epoch = buckets.epoch(state["epoch"])
        while state["batch"] < len(epoch):
            state["batch"] += 1
            yield epoch[state["batch"] - 1]
        state["epoch"], state["batch"] = state["epoch"] + 1, 0


def _count_not_finite(step: Step, state: dict, stage: Stage) -> None:
    state["not_finite"] += not step.taken
    if state["not_finite"] > MOST_NOT_FINITE:
        raise FloatingPointError(
            f"stage {stage.name!r}: the loss was not finite {state['not_finite']} times, last at update "
            f"{state['update']}; lower the learning rate ({stage.learning_rate}) or set clip"
        )


def _row(state: dict, stage: Stage, step: Step, seconds: float) -> dict:
    return {
        "update": state["update"],
        "epoch": state["epoch"],
        "loss": step.loss,
        "learning_rate": stage.rate(state["update"]),
        "gradient_norm": step.norm,
        "audio_seconds_per_second": step.heard / seconds,
        "tokens_per_second": step.tokens / seconds,
        "padding_share": step.padding,
        "peak_memory_mb": peak_memory_mb(),
        "seconds": seconds,
        "seconds_left": state["seconds"] / state["update"] * (stage.updates - state["update"]),
        "score": None,
    }
