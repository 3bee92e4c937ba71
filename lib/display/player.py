"""Audio players and spectrograms as HTML that needs no kernel and no network."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from matplotlib.figure import Figure

from lib.corpora.audio import BadAudio, read_audio
from lib.display.html import STYLE, data_uri, escape, table
from lib.utterance import SAMPLING_RATE

MAX_SECONDS = 15.0  # of each clip that a page carries
WINDOW, OVERLAP = 400, 240  # samples of a spectrogram frame: 25 ms every 10 ms


@lru_cache(maxsize=256)
def encode_ogg(path: Path) -> bytes:
    """The first `MAX_SECONDS` of a file or of a part of it as Ogg Opus, about a ninth of its WAV.

    Not Vorbis: Chromium 150 cannot parse what libsndfile writes.
    """
    out = io.BytesIO()
    samples = read_audio(path, MAX_SECONDS)
    soundfile.write(out, samples, SAMPLING_RATE, format="OGG", subtype="OPUS")
    return out.getvalue()


def player(path: Path | str) -> str:
    """An audio element with embedded sound; the error message if the file is not readable."""
    try:
        uri = data_uri(encode_ogg(Path(path)), "audio/ogg")
    except BadAudio as error:
        return f"<span class='wrong'>{escape(error)}</span>"
    return f"<audio controls preload='none' src='{uri}'></audio>"


def spectrogram(path: Path | str, width: float = 4.2, height: float = 1.1) -> str:
    """A spectrogram up to 8 kHz as an image; empty for unreadable or very short files.

    Args:
        width: inches, at 60 dots per inch; `height` alike.
    """
    try:
        samples = read_audio(path, MAX_SECONDS)
    except BadAudio:
        return ""  # the player beside it shows the error
    if samples.size < WINDOW:
        return ""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    # digital silence has no logarithm
    dithered = samples + 1e-6 * np.random.default_rng(0).standard_normal(samples.size)
    decibels = {"vmin": -120, "vmax": -40}
    axes.specgram(dithered, WINDOW, SAMPLING_RATE, noverlap=OVERLAP, cmap="magma", **decibels)
    axes.set_axis_off()
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=60)
    alt = f"spectrogram of {samples.size / SAMPLING_RATE:.1f} s"
    return f"<img alt='{alt}' src='{data_uri(out.getvalue(), 'image/png')}'>"


@dataclass(kw_only=True)
class Clips:
    """A table of clips with player, spectrogram and facts.

    Args:
        rows: facts of each clip, escaped except for the columns in `safe`.
        audio: the file of each clip, or a part of one; see `Utterance.sound`.
        spectrograms: draw them.
    """

    rows: list[dict]
    audio: list[Path]
    caption: str = ""
    spectrograms: bool = True
    safe: frozenset[str] = field(default_factory=frozenset)

    def to_html(self) -> str:
        """The table with embedded sound."""
        shown = []
        for row, path in zip(self.rows, self.audio, strict=True):
            media = {"audio": player(path)}
            if self.spectrograms:
                media["spectrogram"] = spectrogram(path)
            shown.append(media | row)
        caption = f"<p class='muted'>{escape(self.caption)}</p>" if self.caption else ""
        return caption + table(shown, self.safe | {"audio", "spectrogram"})

    def table(self) -> pd.DataFrame:
        """The facts and the path of each clip."""
        rows = zip(self.rows, self.audio, strict=True)
        return pd.DataFrame([row | {"audio": str(path)} for row, path in rows])

    def _repr_html_(self) -> str:
        return f"{STYLE}<div class='stw'>{self.to_html()}</div>"

    def matching(self, words: str) -> Clips:
        """The clips whose facts contain `words`, ignoring case."""
        words = words.lower()
        indices = [
            index
            for index, row in enumerate(self.rows)
            if words in " ".join(map(str, row.values())).lower()
        ]
        return replace(
            self,
            rows=[self.rows[index] for index in indices],
            audio=[self.audio[index] for index in indices],
        )

    def live(self):  # noqa: ANN201 - ipywidgets is imported only where there is a kernel
        """A widget with a text filter.

        Audio stays inside `widgets.HTML`; audio widgets hang papermill.
        """
        import ipywidgets

        box = ipywidgets.Text(
            placeholder="type to filter", continuous_update=False, description="filter"
        )
        page = ipywidgets.HTML(self._repr_html_())

        def apply(change: dict) -> None:
            page.value = self.matching(change["new"])._repr_html_()

        box.observe(apply, "value")
        return ipywidgets.VBox([box, page])
