"""Training stages: what trains, at which learning rates, for how long, and when it stops."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from lib.data.augment import Augment
from lib.models.precision import PRECISIONS

SCHEDULES = ("inverse_sqrt", "cosine", "linear", "constant")
LOSS_MEANS = ("token", "batch", "sentence")
EXECUTION_FIELDS = ("save_every_seconds", "recompute", "shard")  # they do not change what is learnt


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of training. An update is one optimizer step over `accumulate` batches.

    Raises:
        ValueError: a field has no valid value; the message names the stage, the value and a remedy.
    """

    name: str
    updates: int  # at most
    max_epochs: int | None = None  # at most; if fewer, the schedule ends there too (GMU: 10)
    learning_rate: float  # peak
    warmup_updates: int  # linear rise of the learning rate
    schedule: str = "inverse_sqrt"  # GMU; "cosine" (IT-IST) and "linear" (LLM-SRT) fall to zero
    batch_seconds: float = 96.0  # highest cost x items of a batch; a model defines an item's cost
    batch_max_items: int = 32
    accumulate: int = 1  # batches of an update, over all processes together
    # "token": mean over the update's target tokens; "batch": mean of each batch's token mean (GMU's
    # code); "sentence": mean over sentences of their token means (GMU's paper)
    loss_mean: str = "token"
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.0
    clip_norm: float | None = None  # largest norm of an update's gradient
    label_smoothing: float = 0.0
    evaluate_every: int = 0  # updates; 0: at the end only
    patience: int = 10  # training stops after so many evaluations without a better score
    frozen: tuple[str, ...] = ()  # regular expressions of parameter names
    # (regular expression, peak learning rate) of parts; the first match counts
    part_learning_rates: tuple[tuple[str, float], ...] = ()
    precision: str = "fp32"  # "tf32": faster fp32 matrix products on a GPU (GMU); "bf16": autocast
    recompute: bool = False  # activations, in the backward pass: less memory, a third more time
    shard: bool = False  # split weights, gradients and optimizer over the processes (FSDP)
    augment: Augment | None = None
    ema: float = 0.0  # decay of a moving average of the weights, which is then evaluated; 0: none
    average_best: int = 0  # average so many best evaluated weights; used if it scores better
    save_every_seconds: float = 20.0  # between checkpoints; what a kill can cost

    def __post_init__(self) -> None:
        self._check_choice("schedule", SCHEDULES)
        self._check_choice("loss_mean", LOSS_MEANS)
        if self.precision == "fp16":
            raise ValueError(
                f"stage {self.name!r}: fp16 is refused, because Seamless, mT0 and Qwen2 overflow "
                "in it (seamless_communication#354, SLAM-LLM#125); use bf16, or tf32 on a GPU "
                "without it"
            )
        self._check_choice("precision", PRECISIONS)
        self._check("patience", self.patience >= 1, "at least 1 evaluation")
        self._check("max_epochs", self.max_epochs is None or self.max_epochs >= 1, "at least 1")
        self._check("ema", 0 <= self.ema < 1, "0 (none) or a decay below 1, such as 0.999")

    def _check(self, name: str, valid: bool, wanted: str) -> None:
        if not valid:
            value = getattr(self, name)
            raise ValueError(f"stage {self.name!r} has {name}={value!r}; it must be {wanted}")

    def _check_choice(self, name: str, choices: tuple[str, ...]) -> None:
        self._check(name, getattr(self, name) in choices, f"one of {', '.join(choices)}")

    def schedule_factor(self, update: int) -> float:
        """Factor of the peak learning rates at an update, counted from 1."""
        if update < self.warmup_updates:
            return update / self.warmup_updates
        if self.schedule == "inverse_sqrt":
            return math.sqrt(max(self.warmup_updates, 1) / update)
        remaining = max(1, self.updates - self.warmup_updates)
        share = min(1.0, (update - self.warmup_updates) / remaining)
        if self.schedule == "cosine":
            return 0.5 * (1 + math.cos(math.pi * share))
        return 1 - share if self.schedule == "linear" else 1.0

    def learning_rate_at(self, update: int) -> float:
        """Learning rate at an update, of parts without a rate of their own."""
        return self.learning_rate * self.schedule_factor(update)

    def split_batches(self, processes: int) -> Stage:
        """The stage with updates of about the same size, in a multiple of `processes` batches.

        The batches stay as large as possible, because the longest example must fit into one:
        30 batches become 32 for 8 processes.
        """
        batches = processes * math.ceil(self.accumulate / processes)
        share = self.accumulate / batches
        return replace(
            self,
            batch_seconds=self.batch_seconds * share,
            batch_max_items=max(1, round(self.batch_max_items * share)),
            accumulate=batches,
        )

    def identity(self) -> dict[str, Any]:
        """The fields that decide what is learnt."""
        return {k: v for k, v in asdict(self).items() if k not in EXECUTION_FIELDS}


def freeze(model: nn.Module, patterns: Iterable[str]) -> None:
    """Freeze the parameters whose name matches a pattern; all others train.

    Raises:
        ValueError: a pattern matches no parameter.
    """
    patterns = list(patterns)
    names = [name for name, _ in model.named_parameters()]
    for pattern in patterns:
        if not any(re.search(pattern, name) for name in names):
            raise ValueError(f"cannot freeze {pattern!r}: no parameter's name matches it")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not any(re.search(pattern, name) for pattern in patterns))


def train_mode(model: nn.Module) -> None:
    """Put trainable modules in train mode, frozen ones in eval mode (no dropout)."""
    model.train()
    for module in model.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()


def recompute_activations(model: nn.Module) -> None:
    """Keep no activations within layers: the backward pass computes them again."""
    for module in model.modules():
        if isinstance(module, PreTrainedModel) and module.supports_gradient_checkpointing:
            module.gradient_checkpointing_enable({"use_reentrant": False})


def make_optimizer(model: nn.Module, stage: Stage) -> torch.optim.AdamW:
    """AdamW over the trainable parameters, in one group for each learning rate.

    Each group keeps its peak learning rate under `peak`.

    Raises:
        ValueError: everything is frozen, or a part of `part_learning_rates` matches nothing.
    """
    peaks = {**dict(stage.part_learning_rates), None: stage.learning_rate}
    groups: dict[str | None, list[nn.Parameter]] = {pattern: [] for pattern in peaks}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            matching = (part for part, _ in stage.part_learning_rates if re.search(part, name))
            groups[next(matching, None)].append(parameter)
    for pattern, parameters in groups.items():
        if pattern is not None and not parameters:
            raise ValueError(
                f"stage {stage.name!r}: part_learning_rates has {pattern!r}, which matches no "
                "trainable parameter"
            )
    if not any(groups.values()):
        raise ValueError(f"stage {stage.name!r}: frozen={stage.frozen} leaves nothing to train")
    return torch.optim.AdamW(
        [
            {"params": parameters, "lr": peaks[pattern], "peak": peaks[pattern]}
            for pattern, parameters in groups.items()
            if parameters
        ],
        lr=stage.learning_rate,
        betas=stage.betas,
        eps=1e-8,
        weight_decay=stage.weight_decay,
        fused=True,
    )


def parameter_table(model: nn.Module) -> list[dict[str, object]]:
    """The number of all and of trainable parameters of each part of the model, one row a part."""
    rows: dict[str, dict[str, object]] = {}
    for name, parameter in model.named_parameters():
        # an objective holds its model as `model`
        part = ".".join(name.removeprefix("model.").split(".")[:2])
        row = rows.setdefault(part, {"part": part, "parameters": 0, "trainable": 0})
        row["parameters"] += parameter.numel()
        row["trainable"] += parameter.numel() * parameter.requires_grad
    return list(rows.values())
