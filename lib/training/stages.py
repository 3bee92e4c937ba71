"""A stage of a recipe: what trains, how fast, how long, and when it is good enough."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import nn

from lib.data.augment import Augment

SCHEDULES = ("inverse_sqrt", "cosine", "linear", "constant")
PRECISIONS = ("fp32", "tf32", "bf16")


@dataclass(frozen=True)
class Stage:
    """One stage of training, as a recipe declares it."""

    name: str
    updates: int  # at most
    learning_rate: float
    warmup: int  # updates of linear rise
    schedule: str = "inverse_sqrt"  # GMU; "cosine" (IT-IST) and "linear" (LLM-SRT): to zero at `updates`; "constant"
    batch_seconds: float = 96.0  # longest x count of a batch; text counts 100 characters as a second
    batch_most: int = 32  # items
    accumulate: int = 1  # batches an update, over all processes together: their number changes no result
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.0
    clip: float | None = None  # of the gradient's norm
    label_smoothing: float = 0.0
    evaluate_every: int = 0  # updates; 0 evaluates at the end only
    patience: int = 10  # it stops after so many evaluations in a row without a better score
    frozen: tuple[str, ...] = ()  # regular expressions of parameter names that do not train
    rates: tuple[tuple[str, float], ...] = ()  # (regular expression, learning rate) of parts; the first that matches counts
    precision: str = "fp32"  # "tf32": fp32 with faster matrix products on a GPU (GMU); "bf16": autocast
    recompute: bool = False  # activations are computed again in the backward pass: less memory, about a third more time
    shard: bool = False  # weights, gradients and optimizer are split over the processes (FSDP), for what does not fit one
    augment: Augment | None = None
    ema: float = 0.0  # decay of a moving average of the weights, which is then evaluated and kept; 0: none
    average: int = 0  # so many best evaluated weights are averaged at the end, and the average kept if it is better
    save_every: float = 20.0  # seconds between two checkpoints: the most work that a kill can cost

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise ValueError(f"stage {self.name!r} has schedule {self.schedule!r}; known are {', '.join(SCHEDULES)}")
        if self.precision == "fp16":
            raise ValueError(
                f"stage {self.name!r}: fp16 is refused: Seamless, mT0 and Qwen2 overflow in it and turn to NaN "
                "(seamless_communication#354, SLAM-LLM#125); use bf16, or tf32 on a GPU without it"
            )
        if self.precision not in PRECISIONS:
            raise ValueError(f"stage {self.name!r} has precision {self.precision!r}; known are {', '.join(PRECISIONS)}")
        if self.patience < 1:
            raise ValueError(f"stage {self.name!r} has patience {self.patience}; it is a number of evaluations, one at least")
        if not 0 <= self.ema < 1:
            raise ValueError(f"stage {self.name!r} has ema {self.ema}; it is a decay from 0 (none) to below 1, such as 0.999")

    def factor(self, update: int) -> float:
        """What learning rates are multiplied with at an update, counted from 1."""
        if update < self.warmup:
            return update / self.warmup
        if self.schedule == "inverse_sqrt":
            return math.sqrt(max(self.warmup, 1) / update)
        share = min(1.0, (update - self.warmup) / max(1, self.updates - self.warmup))
        return {"cosine": 0.5 * (1 + math.cos(math.pi * share)), "linear": 1 - share, "constant": 1.0}[self.schedule]

    def rate(self, update: int) -> float:
        """The learning rate of an update, of the parts that have none of their own."""
        return self.learning_rate * self.factor(update)

    def split(self, parts: int) -> Stage:
        """The stage with an update in a multiple of `parts` batches, and of about the same size: for several processes.

        Its batches are made no smaller than that takes, since the longest clip has to fit one: 30 batches are 32 for 8 processes.
        """
        batches = parts * math.ceil(self.accumulate / parts)
        share = self.accumulate / batches
        most = max(1, round(self.batch_most * share))
        return replace(self, batch_seconds=self.batch_seconds * share, batch_most=most, accumulate=batches)


def freeze(model: nn.Module, patterns: Iterable[str]) -> None:
    """Let every parameter train but those whose name matches a pattern.

    Raises:
        ValueError: where a pattern matches nothing, which would train what was meant to be frozen.
    """
    patterns = list(patterns)
    for pattern in patterns:
        if not any(re.search(pattern, name) for name, _ in model.named_parameters()):
            raise ValueError(f"nothing to freeze: no parameter's name matches {pattern!r}")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not any(re.search(pattern, name) for pattern in patterns))


def train_mode(model: nn.Module) -> None:
    """Let dropout work where something trains; a module without a trainable parameter stays in `eval()`."""
    model.train()
    for module in model.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()


def optimizer_of(model: nn.Module, stage: Stage) -> torch.optim.AdamW:
    """AdamW over what trains, a group for each part with a learning rate of its own.

    Raises:
        ValueError: where nothing trains, or a part of `stage.rates` matches nothing that trains.
    """
    groups: dict[str | None, list[nn.Parameter]] = {pattern: [] for pattern, _ in stage.rates} | {None: []}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups[next((pattern for pattern, _ in stage.rates if re.search(pattern, name)), None)].append(parameter)
    for pattern, _ in stage.rates:
        if not groups[pattern]:
            raise ValueError(f"stage {stage.name!r}: a learning rate is given for {pattern!r}, which matches nothing that trains")
    if not any(groups.values()):
        raise ValueError(f"stage {stage.name!r}: everything is frozen, so there is nothing to train; frozen = {stage.frozen}")
    peaks = {**dict(stage.rates), None: stage.learning_rate}
    return torch.optim.AdamW(
        [{"params": part, "lr": peaks[key], "peak": peaks[key]} for key, part in groups.items() if part],
        lr=stage.learning_rate,
        betas=stage.betas,
        eps=1e-8,
        weight_decay=stage.weight_decay,
        fused=True,
    )


def parameter_table(model: nn.Module) -> list[dict[str, object]]:
    """What trains: a row for each part of the model with its parameters, all and trainable."""
    rows: dict[str, dict[str, object]] = {}
    for name, parameter in model.named_parameters():
        part = ".".join(name.removeprefix("model.").split(".")[:2])  # an objective holds its model under that name
        row = rows.setdefault(part, {"part": part, "parameters": 0, "trainable": 0})
        row["parameters"] += parameter.numel()
        row["trainable"] += parameter.numel() * parameter.requires_grad
    return list(rows.values())
