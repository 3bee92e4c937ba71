"""Which weights of a stage are kept: those that do best when the development set is decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from lib.tasks import Example
from lib.training import checkpoints
from lib.training.log import Heard, Log
from lib.training.parallel import Ranks
from lib.training.stages import Stage, train_mode
from lib.training.weight_averaging import MovingAverage, mean_of


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation found."""

    score: float  # the higher the better
    said: Sequence[tuple[Example, str]] = ()  # the listening examples, always the same ones, and what the model said


Evaluate = Callable[[], Evaluated]  # decodes the development set; called with the model in eval mode


def _evaluate(objective: nn.Module, evaluate: Evaluate, ranks: Ranks) -> tuple[float, Evaluated]:
    """The score, which is the first process's, and what was said; the weights and all chance stay as they were."""
    objective.eval()
    with torch.no_grad(), torch.random.fork_rng(), ranks.whole(objective):
        found = evaluate()
    train_mode(objective)
    return ranks.of_first(found.score), found


def select(
    objective: nn.Module,
    evaluate: Evaluate,
    average: MovingAverage | None,
    state: dict,
    stage: Stage,
    folder: Path,
    ranks: Ranks,
    log: Log | None,
) -> float:
    """Evaluate, and keep the weights where they are the best so far."""
    with average.in_place() if average else nullcontext():
        score, found = _evaluate(objective, evaluate, ranks)
        better = state["best"] is None or score > state["best"]
        state["worse"] = 0 if better else state["worse"] + 1
        if better:
            state["best"], state["best_update"] = score, state["update"]
        ranking = sorted([*state["kept"], [score, state["update"]]], reverse=True)
        state["kept"] = ranking[: stage.average]
        weights = checkpoints.trained_weights(objective)
        if better:
            checkpoints.save_tensors(weights, folder / "best.safetensors", ranks.first)
        if [score, state["update"]] in state["kept"]:
            checkpoints.save_tensors(weights, folder / "kept" / f"{state['update']}.safetensors", ranks.first)
        if ranks.first:
            for _, update in ranking[stage.average :]:
                (folder / "kept" / f"{update}.safetensors").unlink(missing_ok=True)
    if log:
        log.heard([Heard(state["update"], e.id, str(e.audio or ""), e.target_text, text) for e, text in found.said])
    return score


def keep_best(
    objective: nn.Module,
    evaluate: Evaluate | None,
    average: MovingAverage | None,
    state: dict,
    folder: Path,
    ranks: Ranks,
) -> None:
    """Leave the module with its best weights, and those in best.safetensors."""
    own, path = checkpoints.trained_weights(objective), folder / "best.safetensors"
    if evaluate is None:
        state["best_update"] = state["update"]
        with average.in_place() if average else nullcontext():
            checkpoints.save_tensors(own, path, ranks.first)
    elif len(state["kept"]) > 1:
        mean = mean_of([folder / "kept" / f"{update}.safetensors" for _, update in state["kept"]])
        checkpoints.fill(own, mean, folder / "kept")
        score, _ = _evaluate(objective, evaluate, ranks)
        if score > state["best"]:
            state["best"], state["best_update"] = score, 0
            checkpoints.save_tensors(own, path, ranks.first)
    ranks.wait()
    checkpoints.fill(own, checkpoints.load_tensors(path), path)
    objective.eval()
