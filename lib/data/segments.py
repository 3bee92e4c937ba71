"""Long audio: cut into segments at pauses or with an overlap, and their hypotheses joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

import numpy as np
from jaxtyping import Float

from lib.corpora.audio import read_audio, split_media_fragment
from lib.languages import language
from lib.tasks import Example
from lib.utterance import SAMPLING_RATE, media_fragment

HOP = 160  # samples between two measurements of power
PAUSE_HOPS = 20  # power is averaged over 0.2 s

Span = tuple[float, float]  # start, end; seconds


def split_at_pauses(samples: Float[np.ndarray, "samples"], max_seconds: float) -> list[Span]:
    """Adjacent segments of at most `max_seconds`, each cut where its second half is quietest.

    A remainder of up to one and a half segments is cut near its middle, so that no segment is
    too short to be understood.
    """
    power = np.add.reduceat(np.square(samples), np.arange(0, len(samples), HOP))
    loudness = np.convolve(power, np.ones(PAUSE_HOPS), "same")
    max_hops, spans, start = int(max_seconds * SAMPLING_RATE / HOP), [], 0
    while (remaining := len(loudness) - start) > max_hops:
        low, high = max_hops // 2, max_hops
        if remaining <= 1.5 * max_hops:
            low, high = remaining // 3, min(max_hops, 2 * remaining // 3)
        cut = start + low + int(np.argmin(loudness[start + low : start + high]))
        spans.append((start * HOP / SAMPLING_RATE, cut * HOP / SAMPLING_RATE))
        start = cut
    return [*spans, (start * HOP / SAMPLING_RATE, len(samples) / SAMPLING_RATE)]


def split_with_overlap(seconds: float, max_seconds: float, overlap_seconds: float) -> list[Span]:
    """Equal segments of at most `max_seconds`; neighbours share `overlap_seconds`.

    Raises:
        ValueError: the overlap is not less than half a segment.
    """
    if not 0 <= overlap_seconds < max_seconds / 2:
        raise ValueError(
            f"overlap_seconds is {overlap_seconds}; it must be less than half of {max_seconds} s"
        )
    if seconds <= max_seconds:
        return [(0.0, seconds)]
    count = int(np.ceil((seconds - overlap_seconds) / (max_seconds - overlap_seconds)))
    width = (seconds + (count - 1) * overlap_seconds) / count
    starts = [index * (width - overlap_seconds) for index in range(count)]
    return [(start, min(seconds, start + width)) for start in starts]


def segment(example: Example, max_seconds: float, overlap_seconds: float = 0.0) -> list[Example]:
    """The example itself where it is short enough, else one example for each segment.

    A question is about the whole clip, so its example is never cut into segments.

    Args:
        overlap_seconds: 0: cut at pauses.

    Raises:
        lib.corpora.audio.BadAudio: it has to be cut and cannot be read.
    """
    whole = not example.task.speech_input or example.task.asks
    if whole or example.seconds <= max_seconds:
        return [example]
    file, offset, _ = split_media_fragment(example.audio)
    if overlap_seconds:
        spans = split_with_overlap(example.seconds, max_seconds, overlap_seconds)
    else:
        spans = split_at_pauses(read_audio(example.audio), max_seconds)
    return [
        replace(
            example,
            id=f"{example.id}#{index}",
            audio=media_fragment(file, offset + start, offset + end),
            seconds=end - start,
        )
        for index, (start, end) in enumerate(spans)
    ]


def join_texts(texts: Sequence[str], code: str, overlap: bool = False) -> str:
    """The texts of adjacent segments as one.

    Args:
        code: language of the texts; languages scored by character are joined without spaces.
        overlap: segments overlap, so words that two neighbours share are kept once.
    """
    by_character = language(code).unit == "char"
    joined: list[str] = []
    for text in texts:
        units = list(text) if by_character else text.split()
        if overlap and joined and units:
            # the first and last word of the shared seconds may be cut in two
            window = max(1, max(len(joined), len(units)) // 2)
            tail, head = joined[-window:], units[:window]
            match = SequenceMatcher(None, tail, head, autojunk=False).find_longest_match()
            if match.size:
                joined = joined[: len(joined) - len(tail) + match.a]
                units = units[match.b :]
        joined += units
    return ("" if by_character else " ").join(joined)
