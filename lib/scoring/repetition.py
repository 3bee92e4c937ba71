"""Repetition in outputs: loops of a decoder, their length, and how well a text compresses."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from lib.corpora.text import normalize_text
from lib.languages import language

COMPRESSION_RATIO = 2.4  # above it, Whisper takes an output for a loop (openai/whisper)
LOOP_COPIES = 3  # of a span in a row
LOOP_SHARE = 0.5  # of a text in repeated spans
LETTER_COPIES = 5  # within a word: "hahaha" is a word, "hahahahahaha" is a loop
SIGN_COPIES = 8  # of a digit or a sign: "1000000" is a number
LONGEST_SPAN = 100  # words or characters that are repeated; it bounds the time
LONGEST_LETTER_SPAN = 20

# a word, or a character of a script without spaces; digits are a word everywhere
_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_SIGNS = re.compile(r"([\d\W])\1+")
_CHARACTER = re.compile(r"[^\W\d_a-zà-öø-ÿ]|[a-zà-öø-ÿ]+|\d+|[^\w\s]")


def units(text: str, code: str) -> list[str]:
    """The words of a text, or its characters where the language is scored by these.

    Without case and punctuation. A number is one unit, and so is a Latin word among characters.
    """
    pattern = _CHARACTER if language(code).unit == "char" else _WORD
    return pattern.findall(normalize_text(text))


def _runs(tokens: Sequence[str], longest: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """For each span length, where repeated spans start and end (exclusive)."""
    numbers: dict[str, int] = {}
    ids = np.array([numbers.setdefault(token, len(numbers)) for token in tokens], dtype=np.int32)
    for span in range(1, min(longest, len(ids) // 2) + 1):
        same = np.zeros(len(ids) - span + 2, dtype=np.int8)
        same[1:-1] = ids[span:] == ids[:-span]
        edges = np.flatnonzero(np.diff(same))
        starts, ends = edges[::2], edges[1::2]
        long = ends - starts >= span
        yield span, starts[long], ends[long] + span


def _most_copies(tokens: Sequence[str], longest: int) -> int:
    most = min(len(tokens), 1)
    for span, starts, ends in _runs(tokens, longest):
        most = max(most, int(((ends - starts) // span).max(initial=0)))
    return most


def longest_run(text: str, code: str) -> int:
    """How often in a row a span of words or characters is written at most; 0 for an empty text."""
    return _most_copies(units(text, code), LONGEST_SPAN)


def repeated_share(text: str, code: str) -> float:
    """The share of the words or characters in spans that directly repeat, from 0 to 1."""
    return _repeated_share(units(text, code), 1)


def _repeated_share(tokens: Sequence[str], shortest: int) -> float:
    change = np.zeros(len(tokens) + 1, dtype=np.int64)
    for span, starts, ends in _runs(tokens, LONGEST_SPAN):
        if span >= shortest:
            np.add.at(change, starts, 1)
            np.add.at(change, ends, -1)
    return float((np.cumsum(change[:-1]) > 0).mean()) if tokens else 0.0


def compression_ratio(text: str) -> float:
    """Bytes of the text over its bytes when compressed; 1 for an empty text."""
    data = text.encode("utf-8", "replace")
    return len(data) / len(zlib.compress(data)) if data else 1.0


def _in_one_byte(text: str) -> str:
    """A text with each character as one byte: those of three bytes compress well by themselves."""
    numbers: dict[str, int] = {}
    return "".join(chr(numbers.setdefault(c, len(numbers)) % 128) for c in text)


def length_ratio(output: str, reference: str, code: str) -> float:
    """Words or characters of the output for each of the reference; an empty one counts as 1."""
    return len(units(output, code)) / max(1, len(units(reference, code)))


def is_looping(text: str, right_outputs: Iterable[str], code: str) -> bool:
    """Whether a span is written three times in a row or more, or most of the text is repeated.

    What a right output repeats as much is no loop. Within words, more copies are needed.

    Args:
        code: language of the output.
    """
    measures = (
        (longest_run, LOOP_COPIES - 1),
        (_recurring_share, LOOP_SHARE),
        (lambda text, code: _most_letter_copies(text), LETTER_COPIES - 1),
        (lambda text, code: _most_signs(text), SIGN_COPIES - 1),
        (lambda text, code: compression_ratio(_in_one_byte(text)), COMPRESSION_RATIO),
    )
    right = [output for output in right_outputs if output]
    return any(
        measure(text, code) > max((most, *(measure(output, code) for output in right)))
        for measure, most in measures
    )


def _most_letter_copies(text: str) -> int:
    # a digit equals no other
    letters = [f"{i}" if c.isdigit() else c for i, c in enumerate(normalize_text(text))]
    return _most_copies(letters, LONGEST_LETTER_SPAN)


def _most_signs(text: str) -> int:
    return max((len(match[0]) for match in _SIGNS.finditer(text)), default=0)


def _recurring_share(text: str, code: str) -> float:
    """The share of words in long spans that directly repeat, or that are written three times.

    Words that begin alike are one, such as "kilometer" and "kilometers".
    """
    tokens = [token[:5] for token in units(text, code)]
    shortest, size = (6, 4) if language(code).unit == "char" else (4, 3)
    shares = [_repeated_share(tokens, shortest), _spread(tokens, size)]
    return max(*shares, 0.7 * _spread(tokens, size - 1))  # short spans recur in any list


def _spread(tokens: Sequence[str], size: int) -> float:
    spans = list(zip(*(tokens[at:] for at in range(size)), strict=False))
    counts = Counter(spans)
    covered = {at + k for at, span in enumerate(spans) if counts[span] > 2 for k in range(size)}
    return len(covered) / max(1, len(tokens))
