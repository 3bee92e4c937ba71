"""Pages of notebooks 40 and 41: sizes, what is held out, layers, and transfer to languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure

from lib.corpora.text import identified_language
from lib.display.exercises import check_choice
from lib.display.html import Page, note, table
from lib.display.plots import ACCENT, GREY, INK, SMALL, style_axes
from lib.languages import language
from lib.scoring.outputs import OutputRow
from lib.systems.experiment import Experiment
from lib.systems.outputs import TrainedSystem
from lib.systems.zero_resource.decodings import READING
from lib.systems.zero_resource.distances import Distance
from lib.systems.zero_resource.held_out import check_corpus
from lib.systems.zero_resource.prompts import FOR_ALL_TASKS, TRANSCRIBE, TRANSLATE
from lib.systems.zero_resource.sizes import MT0, count_sizes
from lib.systems.zero_resource.strategies import AMOUNTS, MULTI_TASK, NUMBERS, QUALITIES
from lib.systems.zero_resource.transfer import (
    BLEU,
    Transfer,
    explanations,
    scores_by_language,
)
from lib.tasks import ASR, ST
from lib.training.log import read_signals

SHOWN = ("multi-task", READING, "constant", "shuffled_audio", "copied_transcript", "transcribed")
MAX_ANNOTATED = 16  # evaluations whose weights are written into the cells


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


def layer_weights(systems: Sequence[TrainedSystem]) -> Figure:
    """The weight of each layer of the encoder by update, a panel for each stage."""
    stages = {s.strategy.name: read_signals(s.folder) for s in systems}
    weights = {
        name: [[row[key] for row in rows] for key in rows[0] if key.startswith("layer_")]
        for name, rows in stages.items()
    }
    layers = len(next(iter(weights.values())))
    figure = Figure(figsize=(5.4, 0.9 + 0.28 * layers), layout="constrained")
    widths = [len(rows) for rows in stages.values()]
    panels = figure.subplots(1, len(stages), squeeze=False, sharey=True, width_ratios=widths)[0]
    for axes, (name, rows) in zip(panels, stages.items(), strict=True):
        image = axes.imshow(
            weights[name], cmap="Blues", vmin=0, vmax=1, aspect="auto", origin="lower"
        )
        for layer, values in enumerate(weights[name]):
            for at, value in enumerate(values if len(rows) <= MAX_ANNOTATED else ()):
                ink = "white" if value > 0.5 else INK
                centred = {"ha": "center", "va": "center", "fontsize": SMALL, "color": ink}
                axes.annotate(f"{value:.2f}", (at, layer), **centred)
        axes.set_xticks(range(len(rows)), [f"{row['update']:g}" for row in rows])
        axes.set_yticks(range(layers), range(1, layers + 1))
        style_axes(axes, "update", "layer" if axes is panels[0] else "")
        axes.set_title(name, fontsize=SMALL, loc="left")
    figure.colorbar(image, ax=panels, label="weight")
    return figure


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


def data_curves(rows: Sequence[OutputRow], held_out: Sequence[str]) -> Figure:
    """BLEU by amount, quality and number of languages of the first stage's speech.

    Means over seen and over held-out languages; what was not run has no point.
    """
    seen = {row.source for row in rows if row.strategy == "adapter"} - set(held_out)
    panels = {
        "share of the speech": {**AMOUNTS, 1.0: [MULTI_TASK]},
        "share of wrong words": {0.0: [MULTI_TASK], **QUALITIES},
        "languages heard": {**NUMBERS, len(seen): [MULTI_TASK]},
    }
    figure = Figure(figsize=(2.6 * len(panels), 2.6), layout="constrained")
    grid = figure.subplots(1, len(panels), sharey=True)
    for axes, (label, chains) in zip(grid, panels.items(), strict=True):
        points: dict[str, list[tuple[float, float]]] = {"seen": [], "held out": []}
        for at, stages in sorted(chains.items()):
            own = [row for row in rows if row.strategy == stages[-1].name]
            for code, score in scores_by_language(own, "BLEU", ST.name).items():
                points["held out" if code in held_out else "seen"].append((at, score))
        for kind, colour in (("seen", GREY), ("held out", ACCENT)):
            means = {at: [s for x, s in points[kind] if x == at] for at, _ in points[kind]}
            drawn = {at: sum(scores) / len(scores) for at, scores in means.items()}
            axes.plot(drawn.keys(), drawn.values(), "o-", color=colour, markersize=4, label=kind)
        style_axes(axes, label, "BLEU" if axes is grid[0] else "")
        axes.set_ylim(bottom=0)
    grid[0].legend(fontsize=SMALL, frameon=False)
    return figure


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


# ---- transfer, over languages ----


def transfer_table(found: Sequence[Distance], scores: Mapping[str, Mapping[str, float]]) -> Page:
    """Each language: its distances to the nearest seen one, and its scores.

    Args:
        scores: name of a score -> language -> value.
    """
    if not found:
        return note("No language was held out alone: run --study transfer.")
    rows = []
    for own in found:
        facts = {
            "held out": language(own.code).name,
            "lexical distance": own.lexical,
            "to": own.lexical_nearest,
            "phonetic distance, bits": own.phonetic,
            "to ": own.phonetic_nearest,
        }
        rows.append(facts | {name: by.get(own.code) for name, by in scores.items()})
    return Page(table(rows))


def transfer_figure(found: Transfer) -> Figure:
    """BLEU of each language against what could explain it, a panel for each."""
    panels, scores = explanations(found), found.scores[BLEU]
    drawn = Figure(figsize=(2.3 * len(panels), 2.6), layout="constrained")
    grid = drawn.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, (name, values) in zip(grid, panels.items(), strict=True):
        codes = [code for code in scores if code in values]
        axes.plot([values[c] for c in codes], [scores[c] for c in codes], "o", markersize=4)
        for code in codes:
            at = (values[code], scores[code])
            offset = {"xytext": (3, 3), "textcoords": "offset points"}
            axes.annotate(code, at, fontsize=SMALL, **offset)
        style_axes(axes, name, "BLEU of its speech" if axes is grid[0] else "")
        axes.set_ylim(bottom=0)
    return drawn


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
