"""Pages and figures of notebook 62: the published times, ratios, parts, memory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import pandas as pd
import torch
from matplotlib.figure import Figure

from lib.display.html import Page, escape, note, table
from lib.display.plots import ACCENT, GREY, INK, LARGE, NORMAL, SMALL, style_axes
from lib.systems.speed.arithmetic import work
from lib.systems.speed.grid import Cell, Memory, of, ratio
from lib.systems.speed.measure import BRIDGE, DECODING, ENCODER, FEATURES, PARTS, PREFILL, Timing
from lib.systems.speed.parts import WINDOW_SECONDS
from lib.systems.speed.sizes import PRESETS, Sizes
from lib.systems.speed.systems import (
    PUBLISHED,
    QWEN2_AUDIO,
    QWEN2_AUDIO_BOTH,
    STRIDED,
    TRUE_LENGTH,
    TRUE_LENGTH_TRANSLATION,
    Timed,
)

# published: system, clips of a batch -> seconds for 1,000 clips, greedy search (2409.19510)
SECONDS_FOR_1000 = {
    ("Qwen2-Audio", 4): 59,
    ("LLM-SRT-7B", 4): 74,
    ("LLM-SRT-7B", 64): 19,
}
AIM = 3.0  # times the speed of Qwen2-Audio at equal batch
COLOURS = {
    FEATURES: GREY,
    ENCODER: "#7a4b8a",
    BRIDGE: "#c0504d",
    PREFILL: "#e0a030",
    DECODING: ACCENT,
}


# ---- before a run ----


def published_times() -> Page:
    """The published times, and what they are against Qwen2-Audio's."""
    (rival, rival_batch), seconds = next(iter(SECONDS_FOR_1000.items()))
    rows = []
    for (system, batch), own in SECONDS_FOR_1000.items():
        batches = "equal" if batch == rival_batch else "unequal"
        rows.append(
            {
                "system": system,
                "batch": batch,
                "seconds for 1,000 clips": own,
                "clips/s": 1000 / own,
                f"times {rival}'s speed": seconds / own,
                "batches compared": "itself" if system == rival else batches,
            }
        )
    return Page(table(rows))


def conditions(device: str, sizes: Sizes) -> Page:
    """What the times are of: device, threads, clock, numbers."""
    if device == "cuda":
        name = torch.cuda.get_device_name()
        return note(f"{name}, bf16, wall time with the device waited for.")
    threads = torch.get_num_threads()
    clock = "processor time" if threads == 1 else "wall time"
    text = f"CPU, {threads} thread(s), fp32, {clock}; {sizes.repetitions} repetitions in turns. "
    return note(text + "The GPU part of this notebook is not run here.")


def compared(systems: Mapping[str, Timed], sizes: Sizes) -> Page:
    """What each system writes, and with how many parameters."""
    rows = []
    for name, system in systems.items():
        tokens = " / ".join(str(system.tokens(seconds)) for seconds in sizes.clip_seconds)
        rows.append(
            {
                "system": name,
                "writes": system.output,
                f"tokens, {_lengths(sizes)} s": tokens,
                "parameters, M": sum(w.numel() for w in system.weights()) / 1e6,
            }
        )
    return Page(table(rows))


def published_sizes() -> Page:
    """Operations and bytes of one clip with a language model of 7 B, counted and not measured."""
    sizes, rows = PRESETS["full"], []
    for seconds in sizes.clip_seconds:
        for name, heard, positions in (
            (PUBLISHED, WINDOW_SECONDS, sizes.q_former.queries),
            (TRUE_LENGTH, seconds, sizes.q_former.queries),
            (STRIDED, seconds, round(seconds / 0.08)),
            (QWEN2_AUDIO_BOTH, WINDOW_SECONDS, round(seconds / 0.04)),
        ):
            found = work(sizes, heard, positions + sizes.tag_tokens)
            rows.append(
                {
                    "clip, s": round(seconds),
                    "system": name,
                    "encoder, TFLOP": found.encoder / 1e12,
                    "prefill, TFLOP": found.prefill / 1e12,
                    "a token reads: weights, GB": found.weights_bytes / 1e9,
                    "and cache of each clip, MB": found.cache_bytes / 1e6,
                }
            )
    return Page(table(rows))


def _lengths(sizes: Sizes) -> str:
    return " / ".join(f"{seconds:g}" for seconds in sizes.clip_seconds)


# ---- after a run ----


def save_timings(timings: Sequence[Timing], path: Path) -> None:
    """Every generation as a row, with a column for each part."""
    rows = []
    for t in timings:
        row = {name: value for name, value in vars(t).items() if name != "parts"}
        rows.append(row | {f"{part}_seconds": t.parts[part] for part in PARTS})
    pd.DataFrame(rows).to_csv(path, index=False)


def speeds(timings: Sequence[Timing], sizes: Sizes, batch: int) -> Page:
    """Medians of every system at one batch, a table for each clip length."""
    parts = []
    for seconds in sizes.clip_seconds:
        rows = []
        for name in _names(timings):
            own = of(timings, name, (seconds, batch))
            middle = {
                field: median(getattr(t, field) for t in own)
                for field in ("to_first_token", "to_translation", "seconds")
                + ("tokens_per_second", "audio_per_second")
            }
            rows.append(
                {
                    "system": name,
                    "positions read": own[0].positions,
                    "tokens": own[0].tokens,
                    "first token, ms": 1000 * middle["to_first_token"],
                    "translation begins, ms": 1000 * middle["to_translation"],
                    "end, ms": 1000 * middle["seconds"],
                    "tokens/s": middle["tokens_per_second"],
                    "audio s/s": middle["audio_per_second"],
                }
            )
        heading = f"{batch} clip(s) of {seconds:g} s"
        parts.append(f"<p><b>{escape(heading)}</b></p>{table(rows)}")
    return Page("".join(parts))


def ratios(timings: Sequence[Timing], sizes: Sizes) -> Figure:
    """How many times Qwen2-Audio's speed each system has, with the range of pairs."""
    rivals = _rivals(timings)
    names = [name for name in rivals if name not in (QWEN2_AUDIO, QWEN2_AUDIO_BOTH)][::-1]
    lines, columns = len(sizes.batches), len(sizes.clip_seconds)
    figure = Figure(figsize=(3.2 * columns + 1.6, 2.2 * lines + 0.6), layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True)
    for axes_row, batch in zip(grid, sizes.batches, strict=True):
        for axes, seconds in zip(axes_row, sizes.clip_seconds, strict=True):
            axes.axvline(1, color=INK, linewidth=0.8)
            axes.axvline(AIM, color=GREY, linewidth=0.8, linestyle="--")
            for y, name in enumerate(names):
                found = ratio(timings, name, rivals[name], (seconds, batch))
                colour = ACCENT if "llm-srt" in name else GREY
                axes.plot([found.low, found.high], [y, y], color=colour, linewidth=3)
                axes.plot([found.value], [y], "o", color=colour, markersize=5)
                at = {"xytext": (6, 0), "textcoords": "offset points", "va": "center"}
                axes.annotate(f"{found.value:.1f}", (found.high, y), fontsize=SMALL, **at)
            axes.set_title(f"{batch} x {seconds:g} s", fontsize=LARGE, loc="left", color=INK)
            axes.set_yticks(range(len(names)), names)
            axes.set_xlim(left=0)
            style_axes(axes)
            axes.margins(x=0.14)
    label = "times the speed of Qwen2-Audio with as many tokens; line: equal; dashed: the aim"
    figure.supxlabel(label, fontsize=NORMAL)
    return figure


def _rivals(timings: Sequence[Timing]) -> dict[str, str]:
    """The Qwen2-Audio that each system is compared with: it writes the same parts."""
    spelt = {t.system: t.to_translation > t.to_first_token for t in timings}
    return {name: QWEN2_AUDIO_BOTH if both else QWEN2_AUDIO for name, both in spelt.items()}


def split(timings: Sequence[Timing], sizes: Sizes, batch: int) -> Figure:
    """Where the time of each system goes, in medians of the parts, a panel for each length."""
    names, columns = _names(timings)[::-1], len(sizes.clip_seconds)
    figure = Figure(figsize=(3.2 * columns + 1.6, 3.2), layout="constrained")
    for axes, seconds in zip(
        figure.subplots(1, columns, squeeze=False, sharey=True)[0], sizes.clip_seconds, strict=True
    ):
        left = [0.0] * len(names)
        for part in PARTS:
            own = [of(timings, name, (seconds, batch)) for name in names]
            widths = [1000 * median(t.parts[part] for t in cell) for cell in own]
            axes.barh(names, widths, 0.62, left=left, color=COLOURS[part], label=part)
            left = [a + b for a, b in zip(left, widths, strict=True)]
        axes.set_title(f"{batch} x {seconds:g} s", fontsize=LARGE, loc="left", color=INK)
        style_axes(axes, "ms")
    handles, labels = axes.get_legend_handles_labels()
    place = {"loc": "outside lower right", "ncols": len(PARTS), "frameon": False}
    figure.legend(handles, labels, fontsize=SMALL, **place)
    return figure


def steps(timings: Sequence[Timing], sizes: Sizes, batch: int) -> Page:
    """LLM-SRT against Qwen2-Audio, from the published comparison to the fastest fair one."""
    pairs = {
        "as the paper compared: equal task, unequal tokens": (PUBLISHED, QWEN2_AUDIO),
        "equal tokens: both with the transcript": (PUBLISHED, QWEN2_AUDIO_BOTH),
        "and no silence encoded by LLM-SRT": (TRUE_LENGTH, QWEN2_AUDIO_BOTH),
        "and the translation alone, on both sides": (TRUE_LENGTH_TRANSLATION, QWEN2_AUDIO),
        "queries against a position for 80 ms": (TRUE_LENGTH, STRIDED),
    }
    rows = []
    for name, (system, over) in pairs.items():
        row = {"comparison": name}
        for seconds in sizes.clip_seconds:
            found = ratio(timings, system, over, (seconds, batch))
            row[f"{batch} x {seconds:g} s"] = (
                f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"
            )
        rows.append(row)
    return Page(table(rows))


def share(timings: Sequence[Timing], system: str, part: str, cell: Cell) -> float:
    """The share of a part in a system's time, from 0 to 1: the median of repetitions."""
    return median(t.parts[part] / t.seconds for t in of(timings, system, cell))


def largest_batches(
    memories: Sequence[Memory], timings: Sequence[Timing], largest: Sequence[Timing]
) -> Page:
    """Memory of each system, and its speed at its own largest batch."""
    rows = []
    for memory in memories:
        own = [t for t in largest if t.system == memory.system]
        single = of(timings, memory.system, (memory.clip_seconds, 1))
        fast = median(t.audio_per_second for t in own) if own else math.nan
        slow = median(t.audio_per_second for t in single) if single else math.nan
        rows.append(
            {
                "system": memory.system,
                "weights, MB": memory.weights_mb,
                "peak, smallest batch, MB": memory.peaks_mb[min(memory.peaks_mb)],
                "peak, largest measured, MB": max(memory.peaks_mb.values()),
                "a clip more, MB": memory.clip_mb,
                "largest batch": memory.largest_batch,
                "audio s/s there": fast,
                "times a batch of one": fast / slow,
            }
        )
    return Page(table(rows))


def _names(timings: Sequence[Timing]) -> list[str]:
    return list(dict.fromkeys(t.system for t in timings))


# ---- exercise ----


def check_ratio(ratio: float | None) -> Page:
    """Compare a number with the published ratio of speeds at equal batch."""
    if ratio is None:
        return note("Compute the ratio above.")
    expected = SECONDS_FOR_1000["Qwen2-Audio", 4] / SECONDS_FOR_1000["LLM-SRT-7B", 4]
    right = math.isclose(ratio, expected, rel_tol=0.01)
    return note(f"{'Right' if right else 'Not quite'}: at equal batch {expected:.2f} times.")
