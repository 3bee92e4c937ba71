"""Clips to listen to: a sound, its spectrogram and what belongs to it, as HTML that needs no kernel and no network."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from matplotlib.figure import Figure

from lib.corpora.audio import BadAudio, read_audio
from lib.corpora.voices import SAMPLING_RATE
from lib.display.html import STYLE, data_uri, escape, table

LONGEST = 15.0  # seconds of a clip that a page carries; the rest is left out, and the page says so


@lru_cache(maxsize=256)
def ogg(path: Path) -> bytes:
    """The first 15 s of a file, or of a part of one, as OGG, about a seventh of its WAV."""
    out = io.BytesIO()
    soundfile.write(out, read_audio(path, LONGEST), SAMPLING_RATE, format="OGG", subtype="VORBIS")
    return out.getvalue()


def player(path: Path | str) -> str:
    """An audio element that carries its sound; where the file cannot be heard, what is wrong with it."""
    try:
        return f"<audio controls preload='none' src='{data_uri(ogg(Path(path)), 'audio/ogg')}'></audio>"
    except BadAudio as error:
        return f"<span class='wrong'>{escape(error)}</span>"


def spectrogram(path: Path | str, width: float = 4.2, height: float = 1.1) -> str:
    """A small picture of the sound: time to the right, pitch upwards, up to 8 kHz; nothing where it cannot be heard."""
    try:
        samples = read_audio(path, LONGEST)
    except BadAudio:
        return ""  # the player beside it says why
    if samples.size < 400:
        return ""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.specgram(
        samples + 1e-6 * np.random.default_rng(0).standard_normal(samples.size),
        400,
        SAMPLING_RATE,
        noverlap=240,
        cmap="magma",
        vmin=-120,
        vmax=-40,
    )
    axes.set_axis_off()
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=60)
    return f"<img alt='spectrogram of {samples.size / SAMPLING_RATE:.1f} s' src='{data_uri(out.getvalue(), 'image/png')}'>"


@dataclass
class Clips:
    """Clips side by side with their facts.

    Args:
        rows: facts of each clip; every value is escaped but those of `safe`.
        audio: its file.
    """

    rows: list[dict]
    audio: list[Path]
    caption: str = ""
    pictures: bool = True
    safe: frozenset[str] = field(default_factory=frozenset)

    def to_html(self) -> str:
        """The clips as a table, sound and all."""
        shown = []
        for row, path in zip(self.rows, self.audio, strict=True):
            sound = {"listen": player(path)} | ({"see": spectrogram(path)} if self.pictures else {})
            shown.append(sound | row)
        return f"<p class='muted'>{escape(self.caption)}</p>" + table(shown, self.safe | {"listen", "see"})

    def table(self) -> pd.DataFrame:
        """The facts without the sound."""
        return pd.DataFrame([row | {"audio": str(path)} for row, path in zip(self.rows, self.audio, strict=True)])

    def _repr_html_(self) -> str:
        return f"{STYLE}<div class='stw'>{self.to_html()}</div>"

    def live(self):  # noqa: ANN201 - ipywidgets is imported only where there is a kernel
        """The same clips with a filter, as a widget; sound stays inside `widgets.HTML`, which cannot hang papermill."""
        import ipywidgets

        words = ipywidgets.Text(placeholder="type to filter", continuous_update=False, description="filter")
        page = ipywidgets.HTML(self._repr_html_())

        def show(change: dict) -> None:
            chosen = [i for i, row in enumerate(self.rows) if change["new"].lower() in " ".join(map(str, row.values())).lower()]
            part = Clips([self.rows[i] for i in chosen], [self.audio[i] for i in chosen], self.caption, self.pictures, self.safe)
            page.value = part._repr_html_()

        words.observe(show, "value")
        return ipywidgets.VBox([words, page])
