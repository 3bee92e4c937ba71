"""Open GMU's experiment on a pair: the corpus is read or synthesized, the backbone found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from lib.progress import Progress, TrainingCallback, no_callback, no_progress
from lib.systems.backbones import backbone_recipe, get_backbone
from lib.systems.corpora import CorpusChoice, pair_corpus
from lib.systems.experiment import Experiment
from lib.systems.gmu.recipe import Recipe
from lib.systems.gmu.system import Gmu
from lib.systems.outputs import no_record


def open_experiment(
    scale: str,
    source: str,
    target: str,
    seed: int,
    cache: Path,
    *,
    corpus: str = "phrasebook",
    folder: str = "",
    licences: str = "",
    keep_long_audio: bool = False,
    released: bool = False,
    processes: int = 1,
    recipe: Recipe | None = None,
    backbone_seed: int = 1,
    callback: TrainingCallback = no_callback,
    progress: Progress = no_progress,
    on_system: Callable[[str, Path], None] = no_record,
    device: torch.device | str = "cpu",
) -> Experiment:
    """The experiment of a pair at a scale.

    Args:
        corpus, folder, licences, keep_long_audio: see `CorpusChoice`.
        released: train with the switches of GMU's released runs.
        processes: that share a training.
        recipe: in place of the scale's.
        backbone_seed: of the backbone, where it is trained here.

    Raises:
        ValueError: `processes` is below 1; further as `pair_corpus`.
    """
    if processes < 1:
        raise ValueError(f"processes is {processes}; it is 1, or the number of GPUs")
    system = Gmu(released)
    recipe = recipe or system.recipe(scale)
    choice = CorpusChoice(
        name=corpus, folder=folder, licences=licences, keep_long_audio=keep_long_audio
    )
    return Experiment(
        system=system,
        scale=scale,
        recipe=recipe,
        corpus=pair_corpus(recipe, source, target, cache, choice, progress),
        backbone=get_backbone(
            "seamless", scale, cache, callback, progress, device, seed=backbone_seed
        ),
        directions=((source, target),),
        seed=seed,
        cache=cache,
        callback=callback,
        progress=progress,
        device=device,
        processes=processes,
        on_system=on_system,
    )


def seen(scale: str, source: str) -> bool:
    """Whether the backbone of a scale was trained on speech of a language."""
    return source in backbone_recipe("seamless", scale).seen
