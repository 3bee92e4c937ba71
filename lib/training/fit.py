"""The training loop: one readable function, resumable at any update, and bit for bit the same with or without a stop."""

from __future__ import annotations

import csv
import math
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import nn

from lib.batches import Batch, Buckets, Collator, input_size
from lib.files import atomic_path, content_hash, read_json, write_json
from lib.tasks import Example
from lib.training.checkpoints import load_checkpoint, load_weights, save_checkpoint, save_weights, seed_everything
from lib.training.stages import Stage, freeze

CHECKPOINT_SECONDS = 20.0  # between two checkpoints: the most work that a kill can cost
MOST_NOT_FINITE = 10  # updates with a loss that is not finite before training stops


@dataclass(frozen=True)
class Tick:
    """What the loop is doing, for whoever watches."""

    stage: str
    update: int
    updates: int
    loss: float
    score: float | None  # the best so far
    seconds_left: float  # of this stage, at most


@dataclass
class Fitted:
    """What a stage came to."""

    stage: str
    updates: int
    seconds: float
    best: float | None  # the best score on the development set
    best_update: int
    history: list[dict] = field(default_factory=list)  # the rows of training.csv
    resumed: bool = False


Evaluate = Callable[[], float]  # the higher the better; called with the model in eval mode
Watch = Callable[[Tick], None]


def fit(
    objective: nn.Module,
    stage: Stage,
    examples: list[Example],
    collate: Collator,
    folder: Path,
    *,
    seed: int,
    evaluate: Evaluate | None = None,
    watch: Watch = lambda tick: None,
    device: torch.device | str = "cpu",
) -> Fitted:
    """Train `objective` for one stage and leave it with its best weights (the last ones where nothing evaluates).

    The loss of an update is the sum over all its real target tokens divided by their number, however many batches it
    took. A stage that was finished in `folder` is not trained again, and one that was interrupted goes on where it was.

    Args:
        objective: `objective(batch)` gives a `Summed` loss; it holds the model.
        folder: gets `training.csv`, `best.safetensors`, `checkpoint/` and, at the end, `done.json`.
        evaluate: decodes the development set; selection and early stopping are by this, not by the loss.

    Raises:
        WrongCheckpoint: `folder` holds another recipe's work.
        FloatingPointError: the loss was not finite more than 10 times.
        ValueError: there is nothing to train on, or a frozen part does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fingerprint = content_hash([asdict(stage), seed, [[e.id, e.task, e.source, e.target, e.target_text] for e in examples]])
    objective.to(device)
    freeze(objective, stage.frozen)
    trainable = [parameter for parameter in objective.parameters() if parameter.requires_grad]
    if (folder / "done.json").exists():
        done = read_json(folder / "done.json")
        if done.pop("fingerprint") == fingerprint:
            load_weights(objective, folder / "best.safetensors")
            return Fitted(**done, history=_read_rows(folder / "training.csv"))
    buckets = Buckets(examples, input_size, stage.batch_seconds, stage.batch_most, seed, kind=lambda e: e.task.hears)
    optimizer = torch.optim.AdamW(trainable, lr=stage.learning_rate, betas=stage.betas, eps=1e-8, weight_decay=stage.weight_decay)
    seed_everything(seed)
    state = load_checkpoint(folder / "checkpoint", objective, optimizer, fingerprint)
    resumed = state is not None
    state = state or {
        "fingerprint": fingerprint, "update": 0, "epoch": 0, "batch": 0, "best": None, "best_update": 0,
        "not_finite": 0, "worse": 0, "seconds": 0.0,
    }  # fmt: skip
    rows = [row for row in _read_rows(folder / "training.csv") if row["update"] <= state["update"]] if resumed else []
    before, started, saved = state["seconds"], time.monotonic(), time.monotonic()
    batches = _batches(buckets, state)
    objective.train()
    while state["update"] < stage.updates and state["worse"] <= stage.patience:
        state["update"] += 1
        rate = stage.rate(state["update"])
        for group in optimizer.param_groups:
            group["lr"] = rate
        clock = time.monotonic()
        micro = [collate(next(batches)) for _ in range(stage.accumulate)]
        loss, norm, tokens = _update(objective, optimizer, [b.to(device) for b in micro if b is not None], stage.clip)
        row = _row(state, loss, norm, rate, tokens, micro, time.monotonic() - clock)
        if not math.isfinite(loss):
            state["not_finite"] += 1
            if state["not_finite"] > MOST_NOT_FINITE:
                raise FloatingPointError(
                    f"stage {stage.name!r}: the loss was not finite {state['not_finite']} times, last at update "
                    f"{state['update']}; lower the learning rate ({stage.learning_rate}) or set clip"
                )
        due = stage.evaluate_every and state["update"] % stage.evaluate_every == 0
        if evaluate and (due or state["update"] == stage.updates):
            row["score"] = _evaluate(objective, evaluate)
            better = state["best"] is None or row["score"] > state["best"]
            state["worse"] = 0 if better else state["worse"] + 1
            if better:
                state["best"], state["best_update"] = row["score"], state["update"]
                save_weights(objective, folder / "best.safetensors")
        rows.append(row)
        state["seconds"] = before + time.monotonic() - started
        each = state["seconds"] / state["update"]
        watch(Tick(stage.name, state["update"], stage.updates, loss, state["best"], each * (stage.updates - state["update"])))
        if due or time.monotonic() - saved > CHECKPOINT_SECONDS:
            _write_rows(folder / "training.csv", rows)
            save_checkpoint(folder / "checkpoint", objective, optimizer, state)
            saved = time.monotonic()
    if evaluate is None:
        save_weights(objective, folder / "best.safetensors")
    _write_rows(folder / "training.csv", rows)
    load_weights(objective, folder / "best.safetensors")
    objective.eval()
    facts = {
        "stage": stage.name, "updates": state["update"], "seconds": round(state["seconds"], 2), "best": state["best"],
        "best_update": state["best_update"] or state["update"], "resumed": resumed,
    }  # fmt: skip
    write_json(folder / "done.json", {"fingerprint": fingerprint, **facts})
    return Fitted(**facts, history=rows)


def _batches(buckets: Buckets, state: dict) -> Iterator[list[Example]]:
    """Batches without end, from where `state` stands; `state` moves along."""
    while True:
        epoch = buckets.epoch(state["epoch"])
        while state["batch"] < len(epoch):
            state["batch"] += 1
            yield epoch[state["batch"] - 1]
        state["epoch"], state["batch"] = state["epoch"] + 1, 0


def _update(
    objective: nn.Module, optimizer: torch.optim.Optimizer, batches: list[Batch], clip: float | None
) -> tuple[float, float, int]:
    """One optimizer step over the batches; returns loss per token, gradient norm and the number of tokens."""
    optimizer.zero_grad(set_to_none=True)
    if not batches:
        return 0.0, 0.0, 0
    total, tokens = 0.0, 0
    for batch in batches:
        loss, count = objective(batch)
        loss.backward()
        total, tokens = total + loss.item(), tokens + count
    parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    for parameter in parameters:  # the sum becomes the mean only here, when all the tokens are known
        parameter.grad /= max(tokens, 1)
    norm = torch.nn.utils.clip_grad_norm_(parameters, clip or math.inf).item()
    if math.isfinite(total) and math.isfinite(norm):
        optimizer.step()
    return total / max(tokens, 1), norm, tokens


def _evaluate(objective: nn.Module, evaluate: Evaluate) -> float:
    objective.eval()
    with torch.no_grad(), torch.random.fork_rng():
        score = evaluate()
    objective.train()
    return score


COLUMNS = (
    "update", "epoch", "loss", "learning_rate", "gradient_norm", "audio_seconds_per_second", "tokens_per_second",
    "padding_share", "peak_memory_mb", "seconds", "score",
)  # fmt: skip


def _row(state: dict, loss: float, norm: float, rate: float, tokens: int, batches: list[Batch | None], seconds: float) -> dict:
    real = [batch for batch in batches if batch is not None]
    heard = sum(example.seconds for batch in real for example in batch.examples)
    return {
        "update": state["update"],
        "epoch": state["epoch"],
        "loss": loss,
        "learning_rate": rate,
        "gradient_norm": norm,
        "audio_seconds_per_second": heard / seconds,
        "tokens_per_second": tokens / seconds,
        "padding_share": sum(batch.padding_share for batch in real) / max(1, len(real)),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "seconds": seconds,
        "score": None,
    }


def _write_rows(path: Path, rows: list[dict]) -> None:
    with atomic_path(path) as new, open(new, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def _read_rows(path: Path) -> list[dict]:
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return [
            {
                name: (None if value == "" else int(value) if name in ("update", "epoch") else float(value))
                for name, value in row.items()
            }
            for row in csv.DictReader(file)
        ]
