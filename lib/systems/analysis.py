"""Trained systems for error analysis: opened by name, and the examples and rows looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from lib.data.collate import Collator
from lib.progress import Progress, TrainingCallback, no_callback, no_progress
from lib.scoring.outputs import OutputRow
from lib.systems.corpora import CorpusChoice
from lib.systems.experiment import Experiment
from lib.systems.outputs import TrainedSystem, no_record
from lib.tasks import ST, Example

# two strategies of each system, the one that it ends with first
COMPARED = {
    "gmu": ("multitask", "direct"),
    "it_ist": ("instruct", "instruct, balanced"),
    "llm_srt": ("srt", "direct"),
    "zero_resource": ("multi-task", "multi-task, joint from the start"),
}
# of the search; large models are often decoded so, and their loops are not seen
SEARCHES: dict[str, dict[str, Any]] = {
    "repetition penalty 1.3": {"repetition_penalty": 1.3},
    "no repeated 3-gram": {"no_repeat_ngram_size": 3},
}


def open_system(
    name: str,
    scale: str,
    seed: int,
    cache: Path,
    *,
    pair: tuple[str, str] = ("est", "eng"),
    choice: CorpusChoice = CorpusChoice(),
    callback: TrainingCallback = no_callback,
    progress: Progress = no_progress,
    on_system: Callable[[str, Path], None] = no_record,
    device: torch.device | str = "cpu",
) -> Experiment:
    """The experiment of a system with the parameters of its first notebook.

    Args:
        name: a key of `COMPARED`.
        pair: source and target of GMU's; the others have all their directions.
        choice: recordings instead of the phrasebook; see each system's `open_experiment`.

    Raises:
        ValueError: unknown name; further as the system's `open_experiment`.
    """
    if name not in COMPARED:
        raise ValueError(f"unknown system {name!r}; use one of {', '.join(COMPARED)}")
    options: dict[str, Any] = {"scale": scale, "seed": seed, "cache": cache, "device": device}
    options |= {"callback": callback, "progress": progress, "on_system": on_system}
    options |= {"licences": choice.licences}
    if name == "gmu":
        options |= {"source": pair[0], "target": pair[1]}
    if name == "zero_resource":
        options["corpora"] = f"{choice.name}={choice.folder}" if choice.folder else choice.name
    else:
        options |= {"corpus": choice.name, "folder": choice.folder}
    return import_module(f"{__package__}.{name}.experiment").open_experiment(**options)


def chosen_strategies(name: str, strategies: str) -> tuple[str, str]:
    """Two strategies of a system, such as "instruct; joint"; "": those of `COMPARED`.

    Raises:
        ValueError: not two different ones.
    """
    found = [part.strip() for part in strategies.split(";") if part.strip()]
    if not found:
        return COMPARED[name]
    if len(found) != 2 or found[0] == found[1]:
        raise ValueError(f"strategies={strategies!r}; give two different ones, such as a; b")
    return found[0], found[1]


def training_texts(experiment: Experiment, code: str) -> dict[str, list[str]]:
    """The texts in a language that the training set of an experiment has."""
    train = (u for u in experiment.corpus.utterances if u.split == "train")
    return {code: [u.texts[code] for u in train if code in u.texts]}


def direction_examples(
    experiment: Experiment, system: TrainedSystem, source: str, target: str
) -> list[Example]:
    """The test examples of a system for speech translation in one direction."""
    wanted = (ST, source, target)
    test = experiment.test_examples(system)
    return [e for e in test if (e.task, e.source, e.target) == wanted]


def collator(experiment: Experiment, system: TrainedSystem) -> Collator:
    """What makes batches of test examples of a system."""
    extractor = system.model.feature_extractor(experiment.recipe.max_test_seconds)
    return Collator(system.model, extractor, max_tokens=experiment.recipe.max_source_tokens)


def of_direction(
    rows: Sequence[OutputRow], task: str, source: str, target: str
) -> list[OutputRow]:
    """The rows of one task and direction.

    Raises:
        ValueError: there is none; names the directions that there are.
    """
    found = [r for r in rows if (r.task, r.source, r.target) == (task, source, target)]
    if not found:
        known = sorted({f"{r.task} {r.source}→{r.target}" for r in rows})
        raise ValueError(f"no output of {task} {source}→{target}; there are {', '.join(known)}")
    return found


def with_transcripts(experiment: Experiment, rows: Sequence[OutputRow]) -> list[OutputRow]:
    """Rows of the test set with what was said, where the corpus has it."""
    said = {u.id: u.texts.get(u.language, "") for u in experiment.corpus.split("test")}
    return [replace(row, transcript=row.transcript or said.get(row.id, "")) for row in rows]


def renamed(rows: Sequence[OutputRow], strategy: str) -> list[OutputRow]:
    """Rows under another name of their strategy."""
    return [replace(row, strategy=strategy) for row in rows]
