"""The claims of several papers about training, as measured over seeds, in one picture."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.display.plots import ACCENT, GREY, INK, LARGE, NORMAL, SMALL, SPLIT_COLOURS, style_axes

UNIT = "BLEU of "  # how the measurement of a difference of BLEU begins in claims.csv
SHOWN = 80.0  # BLEU; what is beyond is drawn up to here
VERDICTS = {"held": ACCENT, "failed": SPLIT_COLOURS[1], "inconclusive": GREY}


def studies(frame: pd.DataFrame, papers: dict[str, str], seeds: int = 3) -> Figure:
    """Each claim about a difference of BLEU: predicted range, measured mean and interval.

    Args:
        frame: columns of claims.csv.
        papers: arXiv number -> title of its panel; other papers are left out.
        seeds: claims of fewer are left out.
    """
    differences = frame["measurement"].astype(str).str.startswith(UNIT)
    frame = frame[differences & (frame["seeds"] >= seeds) & frame["verdict"].isin(VERDICTS)]
    frame = frame.drop_duplicates(["claim", "paper"])
    parts = {title: frame[frame["paper"] == paper] for paper, title in papers.items()}
    parts = {title: part for title, part in parts.items() if len(part)} or {"no study yet": frame}
    lengths = [max(1, len(part)) for part in parts.values()]
    figure = Figure(figsize=(8.2, 1.1 + 0.27 * sum(lengths) + 0.3 * len(lengths)))
    figure.set_layout_engine("constrained")
    panels = figure.subplots(len(parts), 1, squeeze=False, sharex=True, height_ratios=lengths)
    for axes, (title, part) in zip(panels[:, 0], parts.items(), strict=True):
        rows = part.sort_values("measured").to_dict("records")
        for place, row in enumerate(rows):
            _draw(axes, place, row)
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_yticks(range(len(rows)), [_label(row) for row in rows], fontsize=SMALL)
        axes.set_ylim(-0.6, max(1, len(rows)) - 0.4)
        axes.set_title(title, fontsize=LARGE, loc="left", color=INK)
        style_axes(axes)
    panels[-1, 0].set_xlim(-SHOWN, SHOWN)
    for verdict, colour in VERDICTS.items():
        panels[0, 0].plot([], [], "o", color=colour, label=verdict, markersize=5)
    figure.legend(fontsize=SMALL, frameon=False, ncols=3, loc="outside upper right")
    figure.supxlabel("difference in BLEU with 95 % interval; bar: predicted", fontsize=NORMAL)
    return figure


def _draw(axes: Axes, place: int, row: dict) -> None:
    colour = VERDICTS[row["verdict"]]
    low, high = (max(-SHOWN, min(SHOWN, row[end])) for end in ("predicted_low", "predicted_high"))
    axes.barh(place, high - low, left=low, height=0.8, color=ACCENT, alpha=0.12, linewidth=0)
    axes.plot([row["low"], row["high"]], [place] * 2, color=colour, linewidth=2.4)
    axes.plot([row["measured"]], [place], "o", color=colour, markersize=5)


def _label(row: dict) -> str:
    """What is compared, such as "asr_init above direct"."""
    compared = str(row["measurement"]).removeprefix(UNIT).partition(", mean of")[0]
    return f"{compared}  ({row['claim']})"
