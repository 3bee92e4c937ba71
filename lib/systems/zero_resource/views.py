"""Pages of notebooks 40 and 41: sizes, what is held out, layers, and transfer to languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from matplotlib.figure import Figure

from lib.corpora.text import identified_language
from lib.display.exercises import check_choice
from lib.display.html import Page, note, table
from lib.display.training_plots import signal_curves
from lib.languages import language
from lib.scoring.outputs import OutputRow
from lib.systems.experiment import Experiment
from lib.systems.outputs import TrainedSystem
from lib.systems.zero_resource.decodings import READING
from lib.systems.zero_resource.held_out import check_corpus
from lib.systems.zero_resource.prompts import FOR_ALL_TASKS, TRANSCRIBE, TRANSLATE
from lib.systems.zero_resource.sizes import MT0, count_sizes
from lib.systems.zero_resource.transfer import scores_by_language
from lib.tasks import ASR, ST
from lib.training.log import read_signals

SHOWN = ("multi-task", READING, "constant", "shuffled_audio", "copied_transcript", "transcribed")


# ---- before a run ----


def sizes() -> Page:
    """The published systems, counted on the meta device."""
    rows = []
    for name in MT0:
        found = count_sizes(name)
        rows.append(
            {
                "language model": name,
                "its parameters, M": round(found.language_model / 1e6),
                "adapter, M": round(found.adapter / 1e6, 2),
                "LoRA, M": round(found.lora / 1e6, 2),
                "attention blocks with LoRA": found.attention_blocks,
            }
        )
    return Page(table(rows))


def prompt_table(target: str) -> Page:
    """The prompts of training for an output language; the first of each task is that of test."""
    name = language(target).name
    rows = [
        {"task": task, "prompt": wording.format(target=name), "used at": used}
        for task, wordings in (("ASR", TRANSCRIBE), ("ST", TRANSLATE))
        for wording, used in zip(wordings, ("training, test", *["training"] * 9), strict=False)
    ]
    rows.append({"task": "any", "prompt": FOR_ALL_TASKS.format(target=name), "used at": "ablation"})
    return Page(table(rows))


def holdings(experiment: Experiment) -> Page:
    """What training data there are by source and language, and what is trained on."""
    found = check_corpus(experiment.corpus, experiment.system.held_out, experiment.backbone)
    rows = [
        {
            "source": own.source,
            "language": language(own.language).name,
            "held out": "yes" if own.held_out else "",
            "clips": own.clips,
            "with transcript": own.transcripts,
            "with translation": own.translations,
            "trained on": own.trained_on,
            "transcripts that look held out": f"{own.looks_held_out} of {own.identified}",
        }
        for own in found
    ]
    return Page(table(rows))


# ---- after a run ----


def weight_curves(systems: Sequence[TrainedSystem]) -> Figure:
    """The weight of each layer by update of each stage."""
    signals = {s.strategy.name: read_signals(s.folder) for s in systems}
    names = [name for name in next(iter(signals.values()))[0] if name.startswith("layer_")]
    panels = {f"weight of\nlayer {n}": {name: "o-"} for n, name in enumerate(names, start=1)}
    return signal_curves(signals, panels)


def summary(rows: Sequence[OutputRow], held_out: Sequence[str]) -> Page:
    """Each strategy on seen and on held-out languages: means over languages."""
    lines = []
    for strategy in dict.fromkeys(row.strategy for row in rows if row.task in ("ASR", "ST")):
        own = [row for row in rows if row.strategy == strategy]
        line: dict[str, object] = {"strategy": strategy}
        for label, metric, task in (
            ("BLEU", "BLEU", ST.name),
            ("chrF++", "chrF++", ST.name),
            ("WER", "WER", ASR.name),
            ("CER", "CER", ASR.name),
        ):
            scores = scores_by_language(own, metric, task)
            for kind, hidden in (("seen", False), ("held out", True)):
                values = [v for code, v in scores.items() if (code in held_out) == hidden]
                line[f"{label}, {kind}"] = sum(values) / len(values) if values else None
        lines.append(line)
    return Page(table(lines))


def output_languages(rows: Sequence[OutputRow]) -> Page:
    """In which languages outputs are, by what was asked; references beside them.

    Only texts that an identifier is sure of count: short ones have no language to it.

    Args:
        rows: of one strategy.
    """
    groups: dict[tuple[str, str, str], list[OutputRow]] = {}
    for row in rows:
        if row.task in (ASR.name, ST.name):
            groups.setdefault((row.task, row.source, row.target), []).append(row)
    lines = []
    for (task, source, target), own in groups.items():
        found = Counter(filter(None, (identified_language(row.hypothesis) for row in own)))
        right = Counter(filter(None, (identified_language(row.reference) for row in own)))
        others = [f"{language(c).name} {n}" for c, n in found.most_common(4) if c != target]
        lines.append(
            {
                "task": task,
                "speech": language(source).name,
                "asked for": language(target).name,
                "outputs identified": found.total(),
                "in the language, %": _percent(found, target),
                "of references, %": _percent(right, target),
                "other languages": ", ".join(others),
            }
        )
    return Page(table(lines))


def _percent(found: Counter[str], code: str) -> float | None:
    return 100 * found[code] / found.total() if found else None


def check_average(
    averaged: torch.Tensor | None, states: torch.Tensor, logits: torch.Tensor
) -> Page:
    """Check a reader's average of layers.

    Args:
        states: (layers, time, width).
    """
    if averaged is None:
        return note("Write the average above.")
    right = (states * logits.softmax(0)[:, None, None]).sum(0)
    fits = averaged.shape == right.shape and torch.allclose(averaged, right, atol=1e-5)
    explanation = f"the average has shape {tuple(right.shape)}, yours {tuple(averaged.shape)}"
    return check_choice("right" if fits else "not yet", "right", explanation)
