"""Further decodings: the language model alone, shifted layers, and other models of a strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lib.data.collate import Collator
from lib.decoding import decode
from lib.models.protocol import Search
from lib.scoring.outputs import OutputRow, output_rows
from lib.systems.experiment import Experiment
from lib.systems.outputs import TrainedSystem
from lib.systems.zero_resource.prompts import FIXED, with_prompt
from lib.systems.zero_resource.recipe import Recipe
from lib.tasks import ASR, MT, ST, Task, examples

READING, WRITING = "language model", "language model, copying"


def ceiling(experiment: Experiment) -> list[OutputRow]:
    """What the language model makes of true transcripts: translations, and copies.

    How well it copies a language is how well it writes what it reads: no transcript of speech in
    that language can be much better.
    """
    translated = [(s, t, ST) for s, t in experiment.task_directions(ST)]
    copied = [(s, t, ASR) for s, t in experiment.task_directions(ASR)]
    return _from_text(experiment, translated, READING) + _from_text(experiment, copied, WRITING)


def _from_text(
    experiment: Experiment, wanted: Sequence[tuple[str, str, Task]], name: str
) -> list[OutputRow]:
    recipe: Recipe = experiment.recipe
    test = [
        with_prompt(example, FIXED, task)
        for source, target, task in wanted
        for example in examples(experiment.corpus.split("test", source), MT, target)
    ]
    model = experiment.system.language_model.load().to(experiment.device)
    search = Search(beams=recipe.beams, max_new_tokens=recipe.max_new_tokens)
    collate = Collator(model, max_tokens=recipe.max_source_tokens)
    written = decode(model, test, collate, search, progress=experiment.progress)
    return output_rows(
        test,
        written,
        system=experiment.system.name,
        strategy=name,
        stage="backbone",
        subset=experiment.subset,
        seed=experiment.seed,
    )


def transcribed(rows: Sequence[OutputRow]) -> list[OutputRow]:
    """A baseline in the wrong language: a system's own transcripts, scored as translations.

    Args:
        rows: its outputs under both tasks.
    """
    said = {(row.source, row.id): row.hypothesis for row in rows if row.task == ASR.name}
    return [
        replace(row, system="baseline", strategy="transcribed", hypothesis=said[key])
        for row in rows
        if row.task == ST.name and (key := (row.source, row.id)) in said
    ]


def shifted(experiment: Experiment, system: TrainedSystem, layers: int) -> list[OutputRow]:
    """A system's outputs when each layer has the weight of that `layers` before it."""
    average = system.model.bridge
    average.shift(layers)
    try:
        # outputs lie beside the weights that made them
        other = replace(system, folder=system.folder / f"shifted-{layers}")
        return experiment.outputs(other, f"{system.strategy.name}, layers shifted by {layers:+d}")
    finally:
        average.shift(-layers)


def variant(experiment: Experiment, label: str) -> list[OutputRow]:
    """The multi-task system of an experiment with other backbones, under a name of its own."""
    return experiment.outputs(experiment.train("multi-task"), f"multi-task, {label}")
