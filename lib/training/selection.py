"""Selection of a stage's weights: those that score best when the development set is decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch

from lib.tasks import Example
from lib.training.checkpoints import Training
from lib.training.log import DevelopmentOutput, Log
from lib.training.stages import train_mode
from lib.training.weight_averaging import mean_of_files
from lib.training.weights import copy_tensors, load_tensors, save_tensors, trained_weights


@dataclass(frozen=True)
class Evaluation:
    """The result of an evaluation."""

    score: float  # the higher the better
    outputs: Sequence[tuple[Example, str]] = ()  # development examples, and all that was written
    signals: dict[str, float] = field(default_factory=dict)  # further measurements, logged


Evaluate = Callable[[], Evaluation]  # decodes the development set; called in eval mode


def select(training: Training, evaluate: Evaluate, log: Log | None) -> float:
    """Evaluate; save the weights if they score best so far, or among the best to be averaged."""
    state, folder, write = training.state, training.folder, training.ranks.is_main
    with _averaged(training):
        found = _evaluate(training, evaluate)
        score = training.ranks.from_main(found.score)
        ranking = sorted([*state.best_evaluations, (score, state.update)], reverse=True)
        state.best_evaluations = ranking[: training.stage.average_best]
        state.evaluations_without_gain += 1
        weights = trained_weights(training.objective)
        if state.best is None or score > state.best:
            state.best, state.best_update, state.evaluations_without_gain = score, state.update, 0
            save_tensors(weights, folder / "best.safetensors", write)
        if (score, state.update) in state.best_evaluations:
            save_tensors(weights, folder / "candidates" / f"{state.update}.safetensors", write)
    if write:
        for _, update in ranking[training.stage.average_best :]:
            (folder / "candidates" / f"{update}.safetensors").unlink(missing_ok=True)
    if log:
        log.add_signals(state.update, found.signals)
        log.add_outputs(
            DevelopmentOutput(
                update=state.update,
                id=example.id,
                audio=str(example.audio or ""),
                reference=example.target_text,
                hypothesis=text,
                task=example.task.name,
                source=example.source,
                target=example.target,
                transcript=example.source_text,
                question=example.question,
                prompt=example.prompt,
            )
            for example, text in found.outputs
        )
    return score


def load_best(training: Training, evaluate: Evaluate | None) -> None:
    """Leave the module in eval mode with its best weights, which are in `best.safetensors`."""
    state, ranks, folder = training.state, training.ranks, training.folder
    own, path = trained_weights(training.objective), folder / "best.safetensors"
    if evaluate is None:
        state.best_update = state.update
        with _averaged(training):
            save_tensors(own, path, ranks.is_main)
    elif len(state.best_evaluations) > 1:
        candidates = folder / "candidates"
        files = [candidates / f"{update}.safetensors" for _, update in state.best_evaluations]
        copy_tensors(own, mean_of_files(files), candidates)
        score = ranks.from_main(_evaluate(training, evaluate).score)
        if score > state.best:
            state.best, state.best_update = score, 0
            save_tensors(own, path, ranks.is_main)
    ranks.barrier()
    copy_tensors(own, load_tensors(path), path)
    training.objective.eval()


def _averaged(training: Training) -> AbstractContextManager[None]:
    return training.moving_average.applied() if training.moving_average else nullcontext()


def _evaluate(training: Training, evaluate: Evaluate) -> Evaluation:
    """Evaluate without changing weights or random generators."""
    training.objective.eval()
    with torch.no_grad(), torch.random.fork_rng(), training.ranks.unsharded(training.objective):
        found = evaluate()
    train_mode(training.objective)
    return found
