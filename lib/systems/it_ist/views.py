"""Pages of notebooks 20 and 21: pairings, signals, one batch, mixtures, limits, what came out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from matplotlib.figure import Figure

from lib.data.batch import IGNORED
from lib.data.collate import Collator
from lib.display.exercises import check_choice
from lib.display.html import Page, escape, note, table
from lib.display.player import Clips
from lib.display.plots import LARGE, style_axes
from lib.display.training_plots import signal_curves
from lib.models.bridges.strided_conv import StridedConvs
from lib.models.speech_lm.model import SpeechLm
from lib.models.speech_lm.splice import ATTENTIONS, attention_mask
from lib.scoring.behaviour import confusion, observe, requests
from lib.scoring.comparisons import ranked_examples, rows_of
from lib.scoring.outputs import OutputRow
from lib.systems.experiment import Experiment
from lib.systems.it_ist.mixture import Mixture
from lib.systems.it_ist.pairing import LANGUAGE_MODELS, check_pairing, over_budget
from lib.systems.it_ist.recipe import CAPS
from lib.systems.outputs import TrainedSystem
from lib.tasks import ASR, SQA, ST, Example, Task
from lib.training.log import read_signals
from lib.utterance import Utterance

PANELS = {  # label of the axis -> signal -> style of its line
    "error rate, %": {"error_rate": "o-"},
    "loss of the first\ntoken, nats": {"first_token_loss": "o-"},
    "cosine with own\n(dashed: other) text": {"cosine": "o-", "cosine_others": "o--"},
}


# ---- before a run ----


def pairings() -> Page:
    """The published language models with the encoder and a bridge, counted on the meta device."""
    rows = []
    for name, model in LANGUAGE_MODELS.items():
        found = check_pairing(name)
        rows.append(
            {
                "language model": name,
                "its parameters, M": round(found.language_model_parameters / 1e6),
                "encoder, M": round(found.encoder_parameters / 1e6),
                "bridge, M": round(found.bridge_parameters / 1e6, 1),
                "projection, M": round(found.projection_parameters / 1e6, 1),
                "ms a position": round(found.milliseconds),
                "positions of 120 s": found.positions,
                "licence": model.licence,
                "paper's bound": over_budget(model.config) or "within",
            }
        )
    return Page(table(rows))


def what_is_seen(speech: int = 4, prompt: int = 2, target: int = 3) -> Figure:
    """Which positions each position of a short row sees, by the attention over speech."""
    total = speech + prompt + target
    mask = torch.ones(1, total, dtype=torch.long)
    figure = Figure(figsize=(6.4, 3.1), layout="constrained")
    labels = ["speech"] * speech + ["prompt"] * prompt + ["target"] * target
    for axes, kind in zip(figure.subplots(1, len(ATTENTIONS)), ATTENTIONS, strict=True):
        seen = attention_mask(mask, torch.arange(total).unsqueeze(0) < speech, kind)
        # causal attention needs no table: a position sees itself and what is before it
        shown = torch.ones(total, total).tril() if seen.dim() == 2 else (seen[0, 0] == 0).float()
        axes.imshow(shown.numpy(), cmap="Blues", vmin=0, vmax=1.6)
        axes.set_xticks(range(total), labels, rotation=90)
        axes.set_yticks(range(total), labels)
        axes.set_title(kind, fontsize=LARGE, loc="left")
        style_axes(axes, "is seen", "sees")
    return figure


def batch_page(model: SpeechLm, examples: Sequence[Example], max_seconds: float = 30.0) -> Page:
    """One batch as the language model reads it: positions, what is wanted after each, padding.

    Raises:
        ValueError: a row has no end token among its labels, so that nothing teaches it to stop.
    """
    batch = Collator(model, model.feature_extractor(max_seconds))(examples)
    batch = batch.to(next(model.parameters()).device)
    with torch.no_grad():
        spliced = model.splice(batch)
    end, parts = model.tokenizer.eos_token_id, []
    for row, example in enumerate(batch.examples):
        labels = spliced.labels[row].tolist()
        if end not in labels:
            raise ValueError(f"{example.id}: the end token is not among the labels")
        real, states = int(spliced.mask[row].sum()), int(spliced.is_speech[row].sum())
        lines = [_position(f"0 to {states - 1}", f"{example.seconds:.1f} s of speech", "", True)]
        ids = batch.prefix[row].tolist()[: real - states]
        for offset, (token, wanted) in enumerate(zip(ids, labels[states:], strict=False)):
            shown = "" if wanted == IGNORED else _token(model, wanted)
            lines.append(_position(str(states + offset), _token(model, token), shown, True))
        if len(labels) > real:
            lines.append(_position(f"{real} to {len(labels) - 1}", "padding", "", False))
        heading = f"{example.task.name} {example.source}→{example.target}: {example.target_text}"
        parts.append(f"<p><b>{escape(heading)}</b></p>{table(lines)}")
    return Page("".join(parts))


def _position(number: str, given: str, wanted: str, mask: bool) -> dict[str, str]:
    learnt = "yes" if wanted else "no"
    return {
        "position": number,
        "input": given,
        "mask": "1" if mask else "0",
        "wanted next": wanted,
        "learnt": learnt,
    }


def _token(model: SpeechLm, token: int) -> str:
    """A token as text; in quotes, since it may be a space."""
    return repr(model.tokenizer.decode([token]))


def mixtures(experiment: Experiment, names: Sequence[str]) -> Page:
    """How many training examples each task has, and how often each is seen in the mixtures."""
    rows = []
    for strategy in map(experiment.strategy, names):
        sizes = {part.task.name: 0 for part in strategy.by_task}
        for part in strategy.by_task:
            for source, target in experiment.task_directions(part.task):
                own = experiment.corpus.split("train", source)
                found, _ = experiment.system.training_examples(experiment, part, own, target)
                sizes[part.task.name] += len(found)
        shares = strategy.mixture.shares(sizes)
        for task, size in sizes.items():
            seen = round(shares[task] * sum(sizes.values()))
            rows.append(
                {
                    "strategy": strategy.name,
                    "task": task,
                    "examples": size,
                    "share of training, %": 100 * shares[task],
                    "examples of an epoch": seen,
                    "each is seen": seen / size,
                }
            )
    return Page(table(rows))


def caps(utterances: Sequence[Utterance], question_seconds: float) -> Page:
    """What each limit of the clips' length leaves out, by task.

    Args:
        question_seconds: the limit of clips with a question, where it is longer than others.
    """
    limits = {name: dict.fromkeys((ASR, ST, SQA), seconds) for name, seconds in CAPS.items()}
    limits["paper, longer for questions"] = limits["paper"] | {SQA: question_seconds}
    stage_2 = limits["released, stage 2"]
    limits["released, milliseconds over 60"] = stage_2 | {ST: stage_2[ST] * 60 / 1000}
    rows = []
    for name, by_task in limits.items():
        row = {"limit": name}
        for task, seconds in by_task.items():
            own = [u for u in utterances if _fits(u, task)]
            out = [u for u in own if u.seconds > seconds]
            hours = sum(u.seconds for u in out) / 3600
            text = f"over {seconds:g} s: {len(out):,} of {len(own):,} clips, {hours:.2f} h"
            row[f"{task.name} left out"] = text
        rows.append(row)
    return Page(table(rows))


def _fits(utterance: Utterance, task: Task) -> bool:
    """Whether an utterance has what a task needs."""
    if task.asks:
        return bool(utterance.question)
    texts = utterance.texts.keys()
    return bool(texts - {utterance.language}) if task.translates else utterance.language in texts


# ---- after a run ----


def alignment_curves(systems: Sequence[TrainedSystem]) -> Figure:
    """The signals of alignment on development clips, by update."""
    return signal_curves({s.strategy.name: read_signals(s.folder) for s in systems}, PANELS)


def signals(system: TrainedSystem) -> Page:
    """The same signals as a table, with the share of empty outputs."""
    rows = [
        {
            "update": int(row["update"]),
            "error rate, %": row.get("error_rate"),
            "loss of the first token, nats": row.get("first_token_loss"),
            "cosine with own text": row.get("cosine"),
            "cosine with other texts": row.get("cosine_others"),
            "empty outputs, %": 100 * row["empty_outputs"],
        }
        for row in read_signals(system.folder)
    ]
    return Page(table(rows))


def behaviour_page(rows: Sequence[OutputRow], names: Sequence[str]) -> Page:
    """What each strategy did when asked for each task, in percent of its outputs."""
    parts = []
    for name in names:
        own = rows_of(rows, name)
        asked = requests(own)
        pairs = zip(own, asked, strict=True)
        did = [observe(row.hypothesis, request, row.ending) for row, request in pairs]
        counts = confusion(did, asked)
        shares = 100 * counts.div(counts.sum(axis=1), axis=0)
        shares = shares.loc[:, shares.any()].reset_index()
        parts.append(f"<p><b>{escape(name)}</b></p>{table(shares.to_dict('records'))}")
    return Page("".join(parts))


def answer_clips(rows: Sequence[OutputRow], asked: Sequence[Utterance], count: int) -> Clips:
    """The best, middle and worst answers of one system by chrF++, with their questions.

    Args:
        asked: the test set that the questions are about.
    """
    by_id = {utterance.id: utterance for utterance in asked}
    found = ranked_examples(rows, count)
    shown = [
        {
            "transcript": by_id[row.id].texts.get(row.source, ""),
            "question": by_id[row.id].question,
            "right answers": " / ".join(row.right_outputs),
            "answer": row.hypothesis,
        }
        for row, _ in found
    ]
    caption = f"{len(found)} of {len(rows)} questions by chrF++: best, middle, worst"
    return Clips(rows=shown, audio=[Path(row.audio) for row, _ in found], caption=caption)


# ---- exercises ----


def check_positions(
    positions: int | None, states: int, kernel: int, strides: Sequence[int]
) -> Page:
    """Compare a number of positions with what the bridge makes of so many encoder states."""
    if positions is None:
        return note("Compute the number of positions above.")
    convs, lengths = StridedConvs(8, 1, 8, kernel, tuple(strides)), torch.tensor([states])
    for layer in convs.layers:
        lengths = convs.length_after(lengths, layer)
    return check_choice(positions, int(lengths), f"{int(lengths):,} positions")


def check_shares(
    shares: Mapping[str, float] | None, sizes: Mapping[str, int], temperature: float
) -> Page:
    """Compare the shares of a mixture with those of training."""
    if shares is None:
        return note("Compute the shares above.")
    expected = Mixture(temperature=temperature).shares(dict(sizes))
    right = shares.keys() == expected.keys() and all(
        math.isclose(shares[task], share, abs_tol=1e-3) for task, share in expected.items()
    )
    text = ", ".join(f"{task} {share:.3f}" for task, share in expected.items())
    return note(f"{'Right' if right else 'Not quite'}: {text}.")
