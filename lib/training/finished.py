"""A finished stage on disk: its result and weights, and what happens where they are damaged."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from torch import nn

from lib.disk import naming_owner
from lib.files import Damaged, as_written, read_json, write_json
from lib.locks import intact
from lib.training.checkpoints import LoopState, Training, check_identity
from lib.training.log import read_training_log
from lib.training.stages import Stage
from lib.training.weights import copy_tensors, load_tensors, trained_weights


@dataclass(kw_only=True)
class FitResult:
    """The result of a stage."""

    stage: str
    updates: int
    stopped_by: str = "updates"  # the field of `Stage` that ended it; or "max_epochs", "patience"
    seconds: float
    best: float | None  # best development score
    best_update: int  # 0: an average of several
    history: list[dict] = field(default_factory=list)  # rows of training.csv
    resumed: bool = False
    not_finite: int = 0  # updates left out because the loss or its gradient was not finite


def finish(training: Training, declared: Stage, resumed: bool) -> FitResult:
    """Write done.json, delete what only resuming needs, and return the result."""
    state, ranks, folder = training.state, training.ranks, training.folder
    stopped_by = "updates" if training.stage == declared else "max_epochs"
    facts = {
        "stage": declared.name,
        "updates": state.update,
        "stopped_by": stopped_by if state.update == training.stage.updates else "patience",
        "seconds": round(state.seconds, 2),
        "best": state.best,
        "best_update": state.best_update,
        "resumed": resumed,
        "not_finite": state.not_finite,
    }
    ranks.release()
    if ranks.is_main:
        write_json(folder / "done.json", {"identity": state.identity, **facts}, sealed=True)
        for leftover in ("checkpoint", "candidates"):
            shutil.rmtree(folder / leftover, ignore_errors=True)
    ranks.barrier()
    return FitResult(**facts, history=read_training_log(folder / "training.csv"))


def load_finished(objective: nn.Module, state: LoopState, folder: Path) -> FitResult:
    """Give a module the best weights of a finished stage; its result.

    Raises:
        Damaged: the result or the weights are not what was written; the module is as it was.
        WrongCheckpoint: they are of another recipe or other data.
    """
    path = folder / "best.safetensors"
    facts, weights = read_json(folder / "done.json"), load_tensors(path)
    with as_written(folder / "done.json"):
        identity = facts.pop("identity")
        result = FitResult(**facts, history=read_training_log(folder / "training.csv"))
    check_identity(identity, state.identity, folder)
    copy_tensors(trained_weights(objective), weights, path)
    objective.eval()
    return result


def is_finished(folder: Path) -> bool:
    """True where a folder holds a stage that is finished, and all of it is what was written."""
    if not intact(folder / "done.json"):
        return False
    try:
        load_tensors(folder / "best.safetensors")
    except Damaged:
        return False
    return True


def discard(folder: Path, stage: Stage, damage: Damaged) -> None:
    """Remove what a training left, and what was decoded with it, so that it begins at its start.

    It then ends in the same weights: an earlier checkpoint than the damaged one is not kept.
    """
    if os.environ.get("RANK", "0") == "0":
        print(f"{damage.damage}; stage {stage.name!r} is trained from its start", file=sys.stderr)
    with naming_owner(folder):
        for name in ("done.json", "best.safetensors"):
            (folder / name).unlink(missing_ok=True)
        for name in ("checkpoint", "candidates", "outputs"):
            shutil.rmtree(folder / name, ignore_errors=True)
