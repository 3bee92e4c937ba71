"""What models did with what they were asked: matrices to click, and behaviour by training step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from lib.display.explorer import Explorer, Matrix, one_by_one
from lib.display.html import Page, table
from lib.display.player import Clips
from lib.display.plots import GREY, SMALL, style_axes
from lib.languages import LANGUAGES
from lib.scoring.behaviour import Observed, Request
from lib.scoring.outputs import OutputRow

NOT_TOLD = "undetermined"  # of a language
MIN_BARS = 6  # whose width a panel has at least
ASKED = {
    "ASR": "transcribe",
    "ST": "translate",
    "SMT": "translate, transcript given",
    "SQA": "answer",
}
# Okabe and Ito's, which colour-blind people tell apart; the wanted ones are blue and green
COLOURS = {
    "transcribed": "#56b4e9",
    "translated": "#0072b2",
    "answered": "#009e73",
    "mixed": "#cc79a7",
    "wrong language": "#e69f00",
    "looped": "#d55e00",
    "stopped early": "#f0e442",
    "empty": "#d8dee6",
    "echoed the prompt": "#882255",
    "refused": "#1d2733",
    "something else": GREY,
}


def asked_for(request: Request) -> str:
    """A task as an order, such as "translate"."""
    return ASKED.get(request.task, request.task)


def language_name(code: str) -> str:
    """The name of a language; its code, where the table of languages lacks it."""
    if not code:
        return NOT_TOLD
    return LANGUAGES[code].name if code in LANGUAGES else code


def confusion_explorer(
    rows: Sequence[OutputRow],
    requests: Sequence[Request],
    observed: Sequence[Observed],
    chr_f: Sequence[float],
    name: str = "task-confusion",
) -> Explorer:
    """Outputs of any systems, with two matrices for each: tasks and languages.

    Args:
        chr_f: chrF++ of each output.
    """
    asked = [asked_for(request) for request in requests]
    languages = [language_name(request.target) for request in requests]
    seen = [language_name(found.language) for found in observed]
    columns = {
        "asked": asked,
        "behaviour": [found.behaviour for found in observed],
        "asked language": languages,
        "language": seen,
        "chrF++": list(chr_f),
        "evidence": [found.evidence for found in observed],
    }
    matrices = []
    for system in dict.fromkeys(row.system for row in rows):
        own = [index for index, row in enumerate(rows) if row.system == system]
        did = {observed[index].behaviour for index in own}
        wrote = dict.fromkeys([*(languages[i] for i in own), *(seen[i] for i in own)])
        tasks = [ASKED[task] for task in ASKED if any(asked[i] == ASKED[task] for i in own)]
        where = {"system": system}
        matrices += [
            Matrix(
                title=f"{system}: asked task and behaviour",
                row="asked",
                column="behaviour",
                rows=tasks,
                columns=[behaviour for behaviour in COLOURS if behaviour in did],
                where=where,
            ),
            Matrix(
                title=f"{system}: asked language and language of the output",
                row="asked language",
                column="language",
                rows=list(dict.fromkeys(languages[i] for i in own)),
                columns=sorted(wrote, key=lambda name: name == NOT_TOLD),
                where=where,
            ),
        ]
    shown = ["asked", "behaviour", "asked language", "language", "chrF++"]
    found = one_by_one(rows, name, columns, matrices, shown)
    found.shown = [column for column in found.shown if column not in ("task", "target")]
    return found


def disobeyed_clips(
    rows: Sequence[OutputRow],
    requests: Sequence[Request],
    observed: Sequence[Observed],
    obeyed: Sequence[bool],
    count: int,
) -> Clips:
    """Requests that were not followed: one of each system, task and behaviour, systems in turn."""
    failed = [index for index, done in enumerate(obeyed) if not done]
    kinds = [(rows[i].system, requests[i].task, observed[i].behaviour) for i in failed]
    turns = [kinds[:n].count(kinds[n]) for n in range(len(kinds))]
    firsts = [len({k for k in kinds[:n] if k[0] == kinds[n][0]}) for n in range(len(kinds))]
    order = sorted(range(len(failed)), key=lambda n: (turns[n], firsts[n]))
    chosen = sorted(failed[n] for n in order[:count])
    shown = [
        {
            "system": rows[index].system,
            "asked to": asked_for(requests[index]),
            "in": language_name(requests[index].target),
            "behaviour": observed[index].behaviour,
            "output": rows[index].hypothesis,
            "reference": rows[index].reference,
            "evidence": observed[index].evidence,
        }
        for index in chosen
    ]
    caption = f"{len(chosen)} of {len(failed)} requests that were not followed"
    audio = [Path(rows[index].audio) for index in chosen]
    return Clips(rows=shown, audio=audio, caption=caption, spectrograms=False)


def by_update(
    asked: Mapping[str, Sequence[Request]], observed: Mapping[str, Sequence[Observed]]
) -> Figure:
    """The share of each behaviour at each evaluation of a training, a panel for each task.

    Args:
        asked: evaluation, such as "align 200" -> what was asked for; `observed` alike.
    """
    # in the order of the training
    tasks = list(dict.fromkeys(r.task for own in asked.values() for r in own))
    counts = [sum(any(r.task == t for r in own) for own in asked.values()) for t in tasks]
    widths = [max(MIN_BARS, count) for count in counts]  # room for the panel's title
    width = 2.6 + 0.9 * len(tasks) + 0.24 * sum(widths)
    figure = Figure(figsize=(width, 3.2), layout="constrained")
    panels = figure.subplots(1, len(tasks), sharey=True, squeeze=False, width_ratios=widths)[0]
    for axes, task in zip(panels, tasks, strict=True):
        shares = _shares(task, asked, observed)
        positions, bottom = range(len(shares)), [0.0] * len(shares)
        for name, colour in COLOURS.items():
            values = [found.get(name, 0.0) for found in shares.values()]
            if any(values):
                axes.bar(positions, values, 0.86, bottom, color=colour, label=name)
                bottom = [low + value for low, value in zip(bottom, values, strict=True)]
        axes.set_xticks(positions, list(shares), rotation=90, fontsize=SMALL)
        axes.set_title(f"to {ASKED.get(task, task)}", fontsize=SMALL, loc="left")
        axes.set_xlim(-0.6, max(MIN_BARS, len(shares)) - 0.4)
        style_axes(axes, "", "% of outputs" if task == tasks[0] else "")
        axes.tick_params(labelsize=SMALL)
    handles = {
        label: handle
        for axes in panels
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    ordered = [name for name in COLOURS if name in handles]
    figure.legend(
        [handles[name] for name in ordered],
        ordered,
        loc="outside right center",
        fontsize=SMALL,
        frameon=False,
    )
    return figure


def _shares(
    task: str,
    asked: Mapping[str, Sequence[Request]],
    observed: Mapping[str, Sequence[Observed]],
) -> dict[str, dict[str, float]]:
    """Evaluation -> behaviour -> percent, of those evaluations that asked for a task."""
    found = {}
    for evaluation, requests in asked.items():
        pairs = zip(requests, observed[evaluation], strict=True)
        did = Counter(seen.behaviour for request, seen in pairs if request.task == task)
        if did:
            found[evaluation] = {name: 100 * n / did.total() for name, n in did.items()}
    return found


def obeyed_table(
    rows: Sequence[OutputRow], requests: Sequence[Request], obeyed: Sequence[bool]
) -> Page:
    """How often each system did what it was asked for, by task."""
    lines = []
    for system in dict.fromkeys(row.system for row in rows):
        for task in ASKED:
            own = [
                done
                for row, request, done in zip(rows, requests, obeyed, strict=True)
                if (row.system, request.task) == (system, task)
            ]
            if own:
                share = 100 * sum(own) / len(own)
                line = {"system": system, "asked to": ASKED[task], "requests": len(own)}
                lines.append(line | {"followed": sum(own), "%": round(share, 1)})
    return Page(table(lines))
