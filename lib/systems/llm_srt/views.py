"""Pages of notebooks 30 and 31: sizes, gates, signals, directions, and what was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from matplotlib.figure import Figure

from lib.data.collate import Collator
from lib.display.exercises import check_choice
from lib.display.html import Page, note, table
from lib.display.player import Clips
from lib.display.plots import SMALL, style_axes
from lib.display.training_plots import signal_curves
from lib.models.bridges.q_former import QFormer
from lib.scoring.study import Direction
from lib.systems.experiment import Experiment
from lib.systems.llm_srt.gate import gate
from lib.systems.llm_srt.prompts import FORMS, Prompts, has_tag
from lib.systems.llm_srt.sizes import LANGUAGE_MODELS, count_sizes
from lib.systems.outputs import TrainedSystem
from lib.tasks import ST, Example
from lib.training.log import read_signals

PANELS = {  # label of the axis -> signal -> style of its line
    "error rate of\ntranscripts, %": {"error_rate": "o-"},
    "answers of the\nright form, %": {"right_form": "o-"},
}


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
    shown = next(u for u in utterances if target in u.texts and not has_tag(u.texts.values()))
    example = experiment.system.test_examples(strategy, [shown], target)[0]
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
    lines = [{"task": task, "prompt": asked, "answer": right} for task, asked, right in rows]
    return Page(table(lines))


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


# ---- exercises ----


def check_form(guess: str | None, text: str, source: str, target: str) -> Page:
    """Compare a guess of an answer's form with the parser's."""
    if guess is None:
        return note(f"Write above which form this answer has: {text}. One of: {', '.join(FORMS)}.")
    found = Prompts().parse(text, source, target)
    return check_choice(guess, found.form, f"its form is: {found.form}")
