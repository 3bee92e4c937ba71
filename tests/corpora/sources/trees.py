"""Build trees in the published layouts, and take apart what a source yields from them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

from lib.utterance import Finding, Utterance


def tone(
    path: Path,
    seconds: float = 0.5,
    rate: int = 16000,
    channels: int = 1,
    pitch: float = 220.0,
) -> Path:
    """Write a tone to `path`, in the format of its suffix (wav, flac, ogg, opus, mp3)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = 0.3 * np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate)
    options = {".opus": {"format": "OGG", "subtype": "OPUS"}}.get(path.suffix, {})
    soundfile.write(path, np.stack([wave] * channels, axis=1), rate, **options)
    return path


def separate(entries: Iterable[Utterance | Finding]) -> tuple[list[Utterance], list[Finding]]:
    """The utterances and the findings among what a source yields."""
    entries = list(entries)
    utterances = [entry for entry in entries if isinstance(entry, Utterance)]
    return utterances, [entry for entry in entries if isinstance(entry, Finding)]


def summaries(findings: Iterable[Finding]) -> list[tuple[str, str, str]]:
    """Step, origin and outcome of each finding."""
    return [(finding.step, finding.origin, finding.outcome) for finding in findings]
