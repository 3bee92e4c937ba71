"""Pages of notebooks 30 and 31: sizes, gates, signals, directions, and what was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lib.data.collate import Collator
from lib.display.exercises import check_choice
from lib.display.html import Page, escape, note, table
from lib.display.player import Clips
from lib.display.plots import SMALL, style_axes
from lib.display.training_plots import signal_curves
from lib.languages import language
from lib.models.bridges.q_former import QFormer
from lib.scoring.comparisons import row_difference, row_statistics, rows_of
from lib.scoring.estimates import Estimate
from lib.scoring.outputs import OutputRow
from lib.scoring.study import Direction
from lib.systems.experiment import Experiment
from lib.systems.llm_srt.experiment import PAPER_LANGUAGES
from lib.systems.llm_srt.gate import gate
from lib.systems.llm_srt.prompts import FORMS, Prompts
from lib.systems.llm_srt.released_scores import released_scores
from lib.systems.llm_srt.sizes import LANGUAGE_MODELS, count_sizes
from lib.systems.llm_srt.strategies import LESS_SPEECH, STAGES
from lib.systems.outputs import TrainedSystem
from lib.tasks import ST, Example
from lib.training.log import read_signals

PANELS = {  # label of the axis -> signal -> style of its line
    "error rate of\ntranscripts, %": {"error_rate": "o-"},
    "answers of the\nright form, %": {"right_form": "o-"},
}
SCRIPT_GROUPS = {"Latn": "Latin", "Cyrl": "Cyrillic"}


# ---- before a run ----


def sizes() -> Page:
    """The published systems, counted on the meta device."""
    rows = []
    for name, model in LANGUAGE_MODELS.items():
        found = count_sizes(name)
        rows.append(
            {
                "language model": name,
                "its parameters, M": round(found.language_model / 1e6),
                "encoder, M": round(found.encoder / 1e6),
                "bridge, M": round(found.bridge / 1e6, 1),
                "LoRA, M": round(found.lora / 1e6, 2),
                "trained, %": 100
                * (found.bridge + found.lora)
                / (found.bridge + found.lora + found.encoder + found.language_model),
                "licence": model.licence,
            }
        )
    return Page(table(rows))


def prompt_table(experiment: Experiment) -> Page:
    """What each task is asked, and the right answer, for the first test clip."""
    source, target = experiment.directions[0]
    strategy = experiment.strategy("srt")
    prompts = experiment.system.prompts(strategy)
    utterances = experiment.corpus.split("test", source)
    example = experiment.system.test_examples(strategy, utterances[:1], target)[0]
    said, translation = example.source_text, example.target_text
    rows = [
        ("ASR", prompts.transcribe(source), said),
        ("SMT", prompts.translate(source, target, said), translation),
        (
            "SRT",
            prompts.transcribe_and_translate(source, target),
            prompts.answer(source, target, said, translation),
        ),
    ]
    shown = [{"task": task, "prompt": asked, "answer": right} for task, asked, right in rows]
    return Page(table(shown))


# ---- after a run ----


def gates(experiment: Experiment, systems: Sequence[TrainedSystem]) -> Page:
    """Whether each stage has learnt enough for the next one to start from it."""
    rows = []
    for system in systems:
        found = gate(experiment, system)
        rows.append(
            {
                "stage": found.strategy,
                f"{found.metric}, development set": found.score,
                "of a constant output": found.constant,
                "points wanted": found.points,
                "gate": "passed" if found.passed else "not passed",
            }
        )
    return Page(table(rows))


def curriculum_curves(systems: Sequence[TrainedSystem]) -> Figure:
    """Errors of transcripts and forms of answers on development clips, by update of each stage."""
    return signal_curves({s.strategy.name: read_signals(s.folder) for s in systems}, PANELS)


@torch.no_grad()
def attention_map(system: TrainedSystem, example: Example) -> Figure:
    """Where in a clip each query looks: a Q-Former's attention to speech, mean over heads.

    A panel for each layer that attends to the speech.

    Raises:
        TypeError: the bridge is no Q-Former.
    """
    model = system.model
    if not isinstance(model.bridge, QFormer):
        raise TypeError(f"{system.strategy.name} has no Q-Former")
    seen: list[torch.Tensor] = []
    layers = [
        layer.crossattention.attention
        for layer in model.bridge.model.encoder.layer
        if layer.has_cross_attention
    ]
    hooks = [layer.dropout.register_forward_hook(_remember(seen)) for layer in layers]
    batch = Collator(model, model.feature_extractor(30.0))([example])
    try:
        model.speech_embeddings(batch.to(next(model.parameters()).device))
    finally:
        for hook in hooks:
            hook.remove()
    figure = Figure(figsize=(3.3 * len(seen), 2.8), layout="constrained")
    panels = zip(figure.subplots(1, len(seen), squeeze=False)[0], seen, strict=True)
    for number, (axes, weights) in enumerate(panels, 1):
        mean = weights[0].mean(0).cpu().numpy()
        seconds = (0, example.seconds)
        axes.imshow(mean, aspect="auto", cmap="Blues", extent=(*seconds, len(mean), 0))
        style_axes(axes, "seconds of the clip", "query" if number == 1 else "")
        axes.set_title(f"attention to speech {number}", fontsize=SMALL, loc="left")
    return figure


def _remember(seen: list[torch.Tensor]) -> Callable:
    return lambda _module, _args, output: seen.append(output)


def form_table(counts: Mapping[Direction, Mapping[str, int]]) -> Page:
    """Answers by form, in percent; only those of the right form are scored as translations."""
    rows = []
    for (source, target), found in counts.items():
        total = sum(found.values())
        shares = {form: 100 * found.get(form, 0) / total for form in FORMS}
        rows.append({"direction": f"{source}→{target}", "answers": total, **shares})
    return Page(table(rows))


def written(
    experiment: Experiment, system: TrainedSystem, count: int, wrong: bool = False
) -> Clips:
    """What a system wrote for the first clips of the test set, with its tags.

    Args:
        wrong: only answers whose form is not right.
    """
    prompts, test = experiment.system.prompts(system.strategy), experiment.test_examples(system)
    shown, audio = [], []
    for example, hypothesis in zip(test, experiment.decode(system, test), strict=True):
        if example.task != ST:
            continue
        answer = prompts.parse(hypothesis.written, example.source, example.target)
        if wrong and answer.translation:
            continue
        shown.append(
            {
                "direction": f"{example.source}→{example.target}",
                "transcript": example.source_text,
                "translation": example.target_text,
                "written": hypothesis.written,
                "form": answer.form,
            }
        )
        audio.append(Path(example.audio))
    step = max(1, len(shown) // count)
    what = "answers of a wrong form" if wrong else "answers"
    caption = f"{len(shown[::step][:count])} of {len(shown)} {what}, at equal distances"
    return Clips(rows=shown[::step][:count], audio=audio[::step][:count], caption=caption)


# ---- directions ----


def bleu_by_direction(rows: Sequence[OutputRow], strategy: str) -> dict[Direction, float]:
    """BLEU of one strategy by direction, with the tokenizer of each target."""
    groups: dict[Direction, list[OutputRow]] = {}
    for row in rows:
        if row.strategy == strategy and row.task == ST.name and row.system != "baseline":
            groups.setdefault((row.source, row.target), []).append(row)
    return {pair: row_statistics(own, "BLEU", "plain").corpus_score for pair, own in groups.items()}


def direction_map(
    scores: Mapping[str, Mapping[Direction, float]], zero_shot: Sequence[Direction] = ()
) -> Figure:
    """Heat maps of BLEU, source by target, a panel for each table; the first has boxes.

    Args:
        scores: title -> BLEU by direction.
        zero_shot: directions that are boxed in the first panel.
    """
    sides = [
        [c for c in dict.fromkeys((*PAPER_LANGUAGES, *codes)) if c in codes]
        for codes in ({code for pair in found for code in pair} for found in scores.values())
    ]
    widths = [1.2 + 0.42 * len(codes) for codes in sides]
    height = 0.9 + 0.32 * max(map(len, sides))
    figure = Figure(figsize=(sum(widths), height), layout="constrained")
    panels = figure.subplots(1, len(scores), squeeze=False, width_ratios=widths)[0]
    first = panels[0]
    for axes, (title, found), codes in zip(panels, scores.items(), sides, strict=True):
        grid = [[found.get((s, t), float("nan")) for t in codes] for s in codes]
        top = max(found.values(), default=0) or 1
        axes.imshow(grid, cmap="Blues", aspect="auto", vmin=0, vmax=1.5 * top)
        for (source, target), value in found.items():
            at = codes.index(target), codes.index(source)
            axes.annotate(f"{value:.0f}", at, fontsize=SMALL, ha="center", va="center")
            if axes is first and (source, target) in zero_shot:
                corner = (at[0] - 0.5, at[1] - 0.5)
                axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="tab:red"))
        axes.set_xticks(range(len(codes)), codes, rotation=90)
        axes.set_yticks(range(len(codes)), codes)
        style_axes(axes, "target", "source")
        axes.set_title(title, fontsize=SMALL, loc="left")
    return figure


def published_map(scores: Mapping[Direction, float], zero_shot: Sequence[Direction]) -> Figure:
    """The workbook's directions beside the released sheet of 210."""
    return direction_map(
        {"this workbook": scores, "released, Qwen2.5-3B on FLEURS": released_scores()}, zero_shot
    )


def by_group(
    experiment: Experiment, scores: Mapping[Direction, float], zero_shot: Sequence[Direction]
) -> Page:
    """Mean BLEU by trained or zero-shot, family, script, and speech that was trained on.

    Means over directions say little where the targets differ: their BLEU is of other units.
    """
    hours = {
        source: experiment.corpus.hours("train", source)
        for source in dict.fromkeys(source for source, _ in scores)
    }
    median = sorted(hours.values())[len(hours) // 2]
    rows = []
    for what, name_of in (
        ("direction", lambda s, t: "zero-shot" if (s, t) in zero_shot else "trained"),
        ("family of the source", lambda s, t: language(s).family),
        ("family of the target", lambda s, t: language(t).family),
        ("families", lambda s, t: "same" if language(s).family == language(t).family else "other"),
        ("script of the target", lambda s, t: _script(t)),
        (
            "training speech of the source",
            lambda s, t: f"{'at least' if hours[s] >= median else 'under'} {median:.2f} h",
        ),
    ):
        groups: dict[str, list[float]] = {}
        for (source, target), value in scores.items():
            groups.setdefault(name_of(source, target), []).append(value)
        for name, values in groups.items():
            mean = sum(values) / len(values)
            rows.append({"by": what, "group": name, "directions": len(values), "BLEU": mean})
    return Page(table(rows))


def _script(code: str) -> str:
    return SCRIPT_GROUPS.get(language(code).script, language(code).script)


# ---- costs ----


def costs(
    systems: Sequence[TrainedSystem],
    scores: Mapping[str, Mapping[Direction, float]],
    zero_shot: Sequence[Direction],
) -> Page:
    """What each strategy trains and takes, beside its mean BLEU over the trained directions."""
    rows = []
    for system in systems:
        trained = sum(p.numel() for p in system.model.parameters() if p.requires_grad)
        peak = max((row["peak_memory_mb"] for row in system.fit_result.history), default=0.0)
        rows.append(
            {
                "strategy": system.strategy.name,
                "trained parameters, M": trained / 1e6,
                "updates": system.fit_result.updates,
                "seconds": round(system.fit_result.seconds),
                "peak memory of the process, MB": round(peak),
                "mean BLEU": _mean(scores[system.strategy.name], zero_shot),
            }
        )
    return Page(table(rows))


def _mean(scores: Mapping[Direction, float], without: Sequence[Direction]) -> float | None:
    values = [value for pair, value in scores.items() if pair not in without]
    return sum(values) / len(values) if values else None


def enough_speech(
    scores: Mapping[str, Mapping[Direction, float]],
    zero_shot: Sequence[Direction],
    kept: float,
) -> Page:
    """The smallest share of each stage's speech that keeps a share of the score.

    Args:
        scores: BLEU of each strategy by direction.
        kept: share of the score with all speech, from 0 to 1.
    """
    whole, rows = _mean(scores["srt"], zero_shot), []
    for stage in STAGES:
        own = {
            share: _mean(scores[chained[-1].name], zero_shot)
            for (name, share), chained in LESS_SPEECH.items()
            if name == stage and chained[-1].name in scores
        }
        if not own:
            continue
        fits = [share for share, value in own.items() if value >= kept * whole]
        rows.append(
            {
                "less speech in": stage,
                **{f"BLEU with {share:g}": value for share, value in own.items()},
                "BLEU with all": whole,
                f"smallest share that keeps {100 * kept:g} %": min(fits, default=1.0),
            }
        )
    if not rows:
        return note('Less speech is trained with ablate = "all".')
    return Page(table(rows))


# ---- exercises ----


def check_form(guess: str | None, text: str, source: str, target: str) -> Page:
    """Compare a guess of an answer's form with the parser's."""
    if guess is None:
        return note(f"Which form has {escape(text)}? One of: {', '.join(FORMS)}.")
    found = Prompts().parse(text, source, target)
    return check_choice(guess, found.form, f"its form is: {found.form}")


def below_ceiling(rows: Sequence[OutputRow]) -> Estimate:
    """BLEU of the curriculum minus that of the language model on true transcripts.

    Args:
        rows: of one direction.
    """
    ours = [row for row in rows_of(rows, "srt") if row.task == ST.name]
    return row_difference(ours, rows_of(rows, "language model"), "BLEU")
