"""Pages of notebooks 40 and 41: sizes, what is held out, layers, and transfer to languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from lib.corpora.text import identified_language
from lib.display.html import Page, table
from lib.display.plots import SMALL, bars, style_axes
from lib.display.training_plots import signal_curves
from lib.languages import language
from lib.scoring.comparisons import row_statistics
from lib.scoring.outputs import OutputRow
from lib.systems.experiment import Experiment
from lib.systems.outputs import TrainedSystem
from lib.systems.zero_resource.distances import Distance
from lib.systems.zero_resource.held_out import check_corpus
from lib.systems.zero_resource.prompts import FOR_ALL_TASKS, TRANSCRIBE, TRANSLATE
from lib.systems.zero_resource.sizes import MT0, count_sizes
from lib.tasks import ASR, ST
from lib.training.log import read_signals

RESAMPLES = 10_000  # of languages, for the interval of a correlation


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
    """The learned weight of each layer of the encoder, the first at the top."""
    model = systems[-1].model
    weights = model.bridge.weights.tolist()
    return bars({f"layer {n}": 100 * w for n, w in enumerate(weights, start=1)}, "weight, %")


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


def scores_by_language(rows: Sequence[OutputRow], metric: str, task: str) -> dict[str, float]:
    """The score of each language of the speech.

    Args:
        rows: of one strategy.
    """
    groups: dict[str, list[OutputRow]] = {}
    for row in rows:
        if row.task == task:
            groups.setdefault(row.source, []).append(row)
    profile = "gmu" if metric in ("WER", "CER") else "plain"
    return {c: row_statistics(own, metric, profile).corpus_score for c, own in groups.items()}


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
    """Each language that was held out: its distances and its scores.

    Args:
        scores: name of a score -> language -> value.
    """
    rows = []
    for own in found:
        facts = asdict(own) | {"code": language(own.code).name}
        rows.append(facts | {name: by.get(own.code) for name, by in scores.items()})
    return Page(table(rows))


def transfer_figure(
    panels: Mapping[str, Mapping[str, float]], scores: Mapping[str, float], label: str
) -> Figure:
    """A score of each language against what could explain it, a panel for each.

    Args:
        panels: label of the horizontal axis -> language -> value.
    """
    figure = Figure(figsize=(2.6 * len(panels), 2.6), layout="constrained")
    grid = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, (name, values) in zip(grid, panels.items(), strict=True):
        codes = [code for code in scores if code in values]
        axes.plot([values[c] for c in codes], [scores[c] for c in codes], "o", markersize=4)
        for code in codes:
            axes.annotate(
                code,
                (values[code], scores[code]),
                xytext=(3, 3),
                textcoords="offset points",
                fontsize=SMALL,
            )
        style_axes(axes, name, label if axes is grid[0] else "")
        axes.set_ylim(bottom=0)
    return figure


def rank_correlation(
    values: Mapping[str, float], scores: Mapping[str, float]
) -> tuple[float, float, float]:
    """Spearman's correlation over languages, and its 95 % interval, which resamples languages."""
    codes = [code for code in scores if code in values]
    pairs = np.array([[values[code], scores[code]] for code in codes])
    if len(codes) < 4:
        raise ValueError(f"{len(codes)} languages; a correlation needs at least 4")
    rng = np.random.default_rng(0)
    found = []
    while len(found) < RESAMPLES:
        drawn = pairs[rng.integers(len(pairs), size=len(pairs))]
        if len(np.unique(drawn[:, 0])) > 1 and len(np.unique(drawn[:, 1])) > 1:
            found.append(stats.spearmanr(*drawn.T).statistic)
    low, high = np.percentile(found, [2.5, 97.5])
    return float(stats.spearmanr(*pairs.T).statistic), float(low), float(high)
