"""Audio that is longer than a model takes: cut into parts, at pauses or with an overlap, and what is said to them joined again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

import numpy as np
from jaxtyping import Float

from lib.corpora.audio import read_audio, whole_and_part
from lib.corpora.voices import SAMPLING_RATE
from lib.languages import language
from lib.tasks import Example
from lib.utterance import part

HOP, PAUSE = 160, 20  # samples between two measurements of loudness; and how many of them a pause is looked for in (0.2 s)

Span = tuple[float, float]  # from, to; seconds


def at_pauses(samples: Float[np.ndarray, "samples"], longest: float) -> list[Span]:
    """Parts of at most `longest` seconds, one after the other, each cut where it is quietest in its second half.

    A rest of up to one and a half parts is cut near its middle, so that none is left too short to be understood.
    """
    power = np.add.reduceat(np.square(samples), np.arange(0, len(samples), HOP))
    loudness = np.convolve(power, np.ones(PAUSE), "same")
    most, spans, start = int(longest * SAMPLING_RATE / HOP), [], 0
    while (rest := len(loudness) - start) > most:
        low, high = (rest // 3, min(most, 2 * rest // 3)) if rest <= 1.5 * most else (most // 2, most)
        cut = start + low + int(np.argmin(loudness[start + low : start + high]))
        spans.append((start * HOP / SAMPLING_RATE, cut * HOP / SAMPLING_RATE))
        start = cut
    return [*spans, (start * HOP / SAMPLING_RATE, len(samples) / SAMPLING_RATE)]


def windows(seconds: float, longest: float, overlap: float) -> list[Span]:
    """Equal parts of at most `longest` seconds, of which neighbours share `overlap` seconds.

    Raises:
        ValueError: an overlap that leaves nothing new in a part.
    """
    if not 0 <= overlap < longest / 2:
        raise ValueError(f"an overlap of {overlap} s does not fit parts of {longest} s; it is less than half of them")
    if seconds <= longest:
        return [(0.0, seconds)]
    count = int(np.ceil((seconds - overlap) / (longest - overlap)))
    width = (seconds + (count - 1) * overlap) / count
    return [(index * (width - overlap), min(seconds, index * (width - overlap) + width)) for index in range(count)]


def parts(example: Example, longest: float, overlap: float = 0.0) -> list[Example]:
    """The example itself where it is short enough, else examples of its parts: at pauses, or by `overlap` where that is given.

    Raises:
        lib.corpora.audio.BadAudio: it has to be cut and cannot be read.
    """
    if not example.task.hears or example.seconds <= longest:
        return [example]
    file, begin, _ = whole_and_part(example.audio)
    spans = windows(example.seconds, longest, overlap) if overlap else at_pauses(read_audio(example.audio), longest)
    return [
        replace(example, id=f"{example.id}#{index}", audio=part(file, begin + start, begin + end), seconds=end - start)
        for index, (start, end) in enumerate(spans)
    ]


def joined(texts: Sequence[str], code: str, overlap: bool = False) -> str:
    """What was said to the parts, as one text; where parts overlap, what both of two neighbours say is said once.

    Args:
        code: the language of the texts; Chinese and its like are joined without spaces.
    """
    whole = language(code).unit == "char"
    said: list[str] = []
    for text in texts:
        units = list(text) if whole else text.split()
        if overlap and said and units:
            # neighbours hear the same few seconds, but the first and the last word of those may be cut in two
            near = max(1, max(len(said), len(units)) // 2)
            end, head = said[-near:], units[:near]
            match = SequenceMatcher(None, end, head, autojunk=False).find_longest_match()
            if match.size:
                said = said[: len(said) - len(end) + match.a]
                units = units[match.b :]
        said += units
    return ("" if whole else " ").join(said)
