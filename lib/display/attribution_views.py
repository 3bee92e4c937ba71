"""What each token of an output depends on, under the spectrogram of the sound."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

from lib.corpora.audio import read_audio
from lib.display.player import OVERLAP, WINDOW
from lib.display.plots import NORMAL, SMALL, WIDTH, style_axes
from lib.models.attribution import Attribution
from lib.utterance import SAMPLING_RATE

FONT = "DejaVu Sans"  # comes with matplotlib
SPACE = "\N{OPEN BOX}"  # shown for a token without letters


def over_spectrogram(found: Attribution, audio_path: Path | str) -> Figure:
    """A heat map of tokens by time below the spectrogram, with the centres of mass as a line.

    The share of a speech language model's gradient that is on speech stands beside each token.

    Raises:
        lib.corpora.audio.BadAudio: the file cannot be read.
    """
    samples, rows = read_audio(audio_path), np.arange(len(found.tokens))
    figure = Figure(figsize=(WIDTH, 1.9 + 0.19 * len(rows)), layout="constrained")
    top, below = figure.subplots(2, sharex=True, height_ratios=(1.0, 0.3 + 0.19 * len(rows)))
    dithered = samples + 1e-6 * np.random.default_rng(0).standard_normal(samples.size)
    levels = {"vmin": -120, "vmax": -40, "cmap": "magma"}
    top.specgram(dithered, WINDOW, SAMPLING_RATE, noverlap=OVERLAP, **levels)
    style_axes(top, y_label="Hz")
    on_sound, sounding = found.sounding(audio_path)
    title = f"order {found.order:.2f} (1: monotone); {on_sound:.0%} of the weight on sound, "
    top.set_title(f"{title}which is {sounding:.0%} of the time", fontsize=SMALL, loc="left")
    half = found.seconds[0]  # of a frame
    extent = (0, found.seconds[-1] + half, len(rows) - 0.5, -0.5)
    relative = found.weights / found.weights.max(1, keepdims=True)
    below.imshow(relative, cmap="viridis", aspect="auto", extent=extent, interpolation="none")
    below.plot(found.centres, rows, color="white", linewidth=1, marker="|")
    shown = [drawable(token) for token in found.tokens]
    below.set_yticks(rows, [text for text, _ in shown])
    style_axes(below, "seconds")
    for tick, (_, fonts) in zip(below.get_yticklabels(), shown, strict=True):
        tick.set(fontfamily=fonts, fontsize=SMALL)
    if found.audio_share is not None:
        right = below.secondary_yaxis("right")
        right.set_yticks(rows, [f"{share:.0%}" for share in found.audio_share], fontsize=SMALL)
        right.set_ylabel("on speech, not on text", fontsize=NORMAL)
    top.set_xlim(0, max(extent[1], samples.size / SAMPLING_RATE))
    return figure


def drawable(text: str) -> tuple[str, list[str]]:
    """A text as it can be drawn here and the fonts for it; escaped where no font has its signs."""
    text = text.strip() or SPACE
    missing = frozenset(map(ord, text)) - _signs(font_manager.findfont(FONT))
    font = _font_with(missing) if missing else FONT
    return (text, [FONT, font]) if font else (text.encode("unicode_escape").decode(), [FONT])


@cache
def _font_with(missing: frozenset[int]) -> str | None:
    """A font of this machine with some signs."""
    # matplotlib's own list may be older than the fonts
    found = font_manager.findSystemFonts()
    for path in sorted(found, key=lambda path: ("Regular" not in path, path)):
        if missing <= _signs(path):
            font_manager.fontManager.addfont(path)
            return FT2Font(path).family_name
    return None


@cache
def _signs(path: str) -> frozenset[int]:
    """The code points that a font can draw; none of a font that matplotlib cannot use."""
    try:
        font = FT2Font(path)
    except RuntimeError:  # a damaged file
        return frozenset()
    return frozenset(font.get_charmap() if font.scalable else ())
