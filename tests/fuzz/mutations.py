"""Damage to one file: bits, lengths, lines, values, text encodings, and what a file is."""

from __future__ import annotations

import gzip
import os
import random
import re
from collections.abc import Callable
from pathlib import Path

NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:e-?\d+)?")
STRING = re.compile(rb'"[^"\n]*"|[^\t\n"]+')
NUMBERS = (b"0", b"-1", b"NaN", b"Infinity", b"1e999", b"9" * 5000, b"1e-320", b"true", b'"1"')
STRINGS = (
    b"",
    b"null",
    b"\x00",
    b"\xff\xfe",
    b"../../../etc/passwd",
    b"/dev/zero",
    b"<script>alert(1)</script>",
    b"$\\frac{$",
    b"{0.__class__}",
    b"=cmd|' /C calc'!A0",
    b"\x1b]0;title\x07",
    b"\\ud800",
    "\u202eabc\u200b\u00ad".encode(),
    b"a" * 300,
    b"-" * 3000,
    b"[" * 100_000,
)


def _span(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice((1, 8, 100, 5000)))


def flip_a_bit(data: bytes, rng: random.Random) -> bytes:
    """One bit of the file, as a bad disk does."""
    at, changed = rng.randrange(len(data)), bytearray(data)
    changed[at] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwrite(data: bytes, rng: random.Random) -> bytes:
    """Random bytes over a part, the length stays."""
    start, end = _span(data, rng)
    return data[:start] + rng.randbytes(end - start) + data[end:]


def truncate(data: bytes, rng: random.Random) -> bytes:
    """The end is missing, or all of it."""
    return data[: rng.choice((0, 1, rng.randrange(len(data) + 1), len(data) - 1))]


def cut_out(data: bytes, rng: random.Random) -> bytes:
    """A part is missing."""
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def double_a_part(data: bytes, rng: random.Random) -> bytes:
    """A part stands twice."""
    start, end = _span(data, rng)
    return data[:end] + data[start:]


def change_a_line(data: bytes, rng: random.Random) -> bytes:
    """A line is lost, stands twice, or has swapped places with another."""
    lines = data.splitlines(keepends=True)
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(3):
        case 0:
            del lines[a]
        case 1:
            lines.insert(b, lines[a])
        case _:
            lines[a], lines[b] = lines[b], lines[a]
    return b"".join(lines)


def _replace_one(
    data: bytes, pattern: re.Pattern[bytes], value: bytes, rng: random.Random
) -> bytes:
    found = list(pattern.finditer(data[:1_000_000]))
    if not found:
        return data + value
    chosen = rng.choice(found)
    return data[: chosen.start()] + value + data[chosen.end() :]


def change_a_number(data: bytes, rng: random.Random) -> bytes:
    """Another number, or none that a program expects."""
    value = rng.choice((*NUMBERS, str(rng.randrange(1000)).encode()))
    return _replace_one(data, NUMBER, value, rng)


def change_a_string(data: bytes, rng: random.Random) -> bytes:
    """Hostile text in place of a string or a field."""
    value = rng.choice(STRINGS)
    return _replace_one(data, STRING, rng.choice((value, b'"' + value + b'"')), rng)


def encode_otherwise(data: bytes, rng: random.Random) -> bytes:
    """The same text in another encoding, or with other line ends."""
    text = data.decode("utf-8", errors="replace")
    return rng.choice(
        (
            data.replace(b"\n", b"\r\n"),
            data.replace(b"\n", b"\r"),
            b"\xef\xbb\xbf" + data,
            text.encode("utf-16"),
            text.encode("latin-1", errors="replace"),
        )
    )


BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flip_a_bit,
    overwrite,
    truncate,
    cut_out,
    double_a_part,
    change_a_line,
    change_a_number,
    change_a_string,
    encode_otherwise,
)


def become_something_else(path: Path, rng: random.Random) -> str:
    """Make a file another kind of entry; returns which."""
    path.unlink()
    kind = rng.choice(("missing", "a folder", "a pipe", "a broken link", "a device"))
    match kind:
        case "a folder":
            path.mkdir()
        case "a pipe":
            os.mkfifo(path)
        case "a broken link":
            path.symlink_to(path.with_name("nowhere"))
        case "a device":
            path.symlink_to("/dev/zero")
    return kind


def mutate(path: Path, rng: random.Random) -> str:
    """Damage a file; returns what was done. Of a .gz, the file or what is in it."""
    if rng.random() < 0.1:
        return f"{path.name} is {become_something_else(path, rng)}"
    change, data = rng.choice(BYTES), path.read_bytes()
    inside = path.suffix == ".gz" and rng.random() < 0.5
    if inside:
        data = gzip.decompress(data)
    changed = change(data, rng) if data else rng.randbytes(10)
    path.write_bytes(gzip.compress(changed) if inside else changed)
    return f"{path.name}: {change.__name__}{' of its text' if inside else ''}"
