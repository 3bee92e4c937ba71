"""Checkpoints of a training: everything that resuming it bit for bit needs, in one folder."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lib.data.store import hash_of
from lib.files import Damaged, as_written, atomic_path, read_json, write_json
from lib.tasks import Example
from lib.training.distributed import Ranks
from lib.training.stages import Stage
from lib.training.weight_averaging import MovingAverage
from lib.training.weights import (
    Tensors,
    WrongCheckpoint,
    copy_tensors,
    load_tensors,
    placed_like,
    save_tensors,
    trained_weights,
    weights_fingerprint,
)

ADAM_STATE = ("step", "exp_avg", "exp_avg_sq")


@dataclass(kw_only=True)
class LoopState:
    """The position of the training loop; a checkpoint holds it as JSON."""

    identity: dict[str, Any]  # recipe, data, seed and frozen weights that the training belongs to
    update: int = 0  # updates done
    epoch: int = 0  # of the batch that was drawn last, from 0
    batch: int = 0  # batches drawn from this epoch
    best: float | None = None  # best development score
    best_update: int = 0  # its update; 0: the average of several
    best_evaluations: list[tuple[float, int]] = field(default_factory=list)  # (score, update)
    evaluations_without_gain: int = 0  # in a row
    not_finite: int = 0  # updates left out because the loss or its gradient was not finite
    seconds: float = 0.0  # spent on training, evaluation included

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> LoopState:
        """The state that `dataclasses.asdict` and a JSON file made `values` of."""
        evaluations = [(score, update) for score, update in values["best_evaluations"]]
        return cls(**values | {"best_evaluations": evaluations})


@dataclass(kw_only=True)
class Training:
    """A stage in training: what an update changes, and where it is saved."""

    objective: nn.Module
    stage: Stage
    optimizer: torch.optim.Optimizer
    moving_average: MovingAverage | None
    state: LoopState
    ranks: Ranks
    folder: Path  # see `lib.training.fit.fit`


def save_checkpoint(training: Training) -> None:
    """Write `checkpoint/` in one step; all processes call this."""
    write, folder = training.ranks.is_main, training.folder / "checkpoint"
    rng_states = training.ranks.rng_states()
    # each file has its own hash
    with atomic_path(folder, hashes=False) if write else nullcontext(folder) as new:
        save_tensors(trained_weights(training.objective), new / "weights.safetensors", write)
        save_tensors(_optimizer_tensors(training), new / "optimizer.safetensors", write)
        if training.moving_average:
            save_tensors(training.moving_average.weights, new / "average.safetensors", write)
        save_tensors(rng_states, new / "rng.safetensors", write)
        if write:
            write_json(new / "state.json", dataclasses.asdict(training.state), sealed=True)


def restore_checkpoint(training: Training) -> bool:
    """Bring `training` to its last checkpoint; False where it has none.

    Raises:
        Damaged: a file of the checkpoint, or weights that it counts on, are not what was written.
        WrongCheckpoint: the checkpoint is of another recipe or other data.
    """
    folder = training.folder / "checkpoint"
    if not folder.exists():
        return False
    state_file = folder / "state.json"
    with as_written(state_file):
        try:
            state = LoopState.from_json(read_json(state_file))
        except OSError as error:
            raise Damaged(f"{state_file} is not readable ({error.strerror})") from error
    check_identity(state.identity, training.state.identity, training.folder)
    _check_best(state, training.folder)
    # nothing is changed before all is read: the training may have to begin at its start
    weights, optimizer, rng = (
        load_tensors(folder / f"{name}.safetensors") for name in ("weights", "optimizer", "rng")
    )
    average = load_tensors(folder / "average.safetensors") if training.moving_average else {}
    if training.moving_average:
        copy_tensors(training.moving_average.weights, average, folder)
    copy_tensors(trained_weights(training.objective), weights, folder)
    with as_written(folder):  # a checkpoint of an older version has no hashes
        _restore_optimizer(training, optimizer)
        training.ranks.restore_rng_state(rng)
    training.state = state
    return True


def _check_best(state: LoopState, folder: Path) -> None:
    """Read the weights that were selected before the checkpoint, since nothing else has them."""
    if state.best is not None:
        load_tensors(folder / "best.safetensors")
    for _, update in state.best_evaluations:
        candidate = folder / "candidates" / f"{update}.safetensors"
        if candidate.exists():  # a better one after the checkpoint removes it, and will again
            load_tensors(candidate)


def make_identity(
    objective: nn.Module, stage: Stage, examples: Sequence[Example], seed: int
) -> dict[str, Any]:
    """What has to be equal for a folder to be resumed; of the starting weights, the frozen ones.

    Weights that train change, so a caller puts what they start from into the folder's name.
    """
    frozen = ((name, p) for name, p in objective.named_parameters() if not p.requires_grad)
    identity = {
        "recipe": stage.identity(),
        "seed": seed,
        "data": {"examples": len(examples), "hash": hash_of(examples)},
        "frozen weights": weights_fingerprint(frozen),
    }
    return json.loads(json.dumps(identity))


def check_identity(found: dict[str, Any], wanted: dict[str, Any], folder: Path) -> None:
    """Refuse a folder that holds the training of another recipe, other data or another base model.

    Raises:
        WrongCheckpoint: names every field that differs.
    """
    before, now = found | found["recipe"], wanted | wanted["recipe"]
    differences = [
        f"{name} was {before.get(name)!r} and is {value!r}"
        for name, value in now.items()
        if name != "recipe" and before.get(name) != value
    ]
    if differences:
        raise WrongCheckpoint(
            f"{folder} holds the training of another recipe or of other data: "
            f"{'; '.join(differences)}; delete the folder, or train in another one"
        )


def _optimizer_tensors(training: Training) -> Tensors:
    names = {parameter: name for name, parameter in training.objective.named_parameters()}
    return {
        f"{kind}/{names[parameter]}": value if isinstance(value, Tensor) else torch.tensor(value)
        for parameter, values in training.optimizer.state.items()
        for kind, value in values.items()
    }


def _restore_optimizer(training: Training, stored: Tensors) -> None:
    for name, parameter in training.objective.named_parameters():
        # a parameter that no batch has used yet has no state
        if parameter.requires_grad and f"step/{name}" in stored:
            step, *moments = (stored[f"{kind}/{name}"] for kind in ADAM_STATE)
            values = [step.clone().to(parameter.device)]
            values += [placed_like(parameter, moment) for moment in moments]
            training.optimizer.state[parameter] = dict(zip(ADAM_STATE, values, strict=True))
