"""Read corpus lists line by line and report their defects."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from lib.bounded import MAX_LINE_BYTES, bounded_lines, open_regular
from lib.utterance import Finding, Utterance

Entries = Iterator[Utterance | Finding]  # what a source yields

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MAX_YAML_CHARACTERS = 2000  # of a line of a MuST-C list, which has about 120


class NotObtained(FileNotFoundError):
    """A corpus, or a part of it, is not on disk. The message says how to obtain it."""


def not_obtained(problem: str, archives: Iterable[Path], remedy: str) -> NotObtained:
    """The error for a missing part: unpack the first of `archives`; if there is none, `remedy`."""
    archive = next(iter(archives), None)
    return NotObtained(f"{problem}; {f'unpack {archive}' if archive else remedy}")


def unknown_language(name: str, origin: str) -> Finding:
    """Report a part of a corpus that is skipped because the language table has no row for it."""
    return Finding(
        step="language",
        origin=origin,
        problem=f"{name!r} is a language that lib/languages.py lacks",
        remedy="add a row to it",
        outcome="noted",
    )


class Lines:
    """Numbered lines of a UTF-8 text file, read one at a time (.gz is decompressed).

    Iterating yields `(number, line)`: numbers from 1, lines without line ends. After iteration,
    `findings` holds the defects of the file: byte order mark and CRLF (repaired), and lines that
    are not UTF-8 or longer than `MAX_LINE_BYTES` (dropped), so that memory is bounded.

    Args:
        folder: of the corpus; origins are relative to it.

    Raises:
        NotObtained: on iteration, if the file is missing, damaged, or no file but a pipe, say.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self.path, self.name = path, os.path.relpath(path, folder)
        self.findings: list[Finding] = []
        self.line_count = 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        self.findings.clear()
        self.line_count = first_crlf = last_crlf = 0
        for number, raw in enumerate(self._raw_lines(), start=1):
            self.line_count = number
            if raw is None:
                problem = f"is longer than {MAX_LINE_BYTES / 2**20:.0f} MB"
                self._report(number, "line", problem, "look for missing line breaks")
                continue
            if number == 1 and raw.startswith(BYTE_ORDER_MARK):
                raw = raw[len(BYTE_ORDER_MARK) :]
                problem, remedy = "starts with a byte order mark", "save it as UTF-8 without BOM"
                self._report(1, "byte order mark", problem, remedy, "repaired")
            if raw.endswith(b"\r\n"):
                first_crlf, last_crlf = first_crlf or number, number
            try:
                line = raw.decode("utf-8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                problem, remedy = f"is not UTF-8 ({error})", "save the file as UTF-8"
                self._report(number, "encoding", problem, remedy)
                continue
            yield number, line
        if first_crlf:
            more = f", as do others up to line {last_crlf}" if last_crlf != first_crlf else ""
            problem, remedy = f"ends in CRLF{more}", "save it with LF, as on Unix"
            self._report(first_crlf, "line ends", problem, remedy, "repaired")

    def _raw_lines(self) -> Iterator[bytes | None]:
        try:
            file = open_regular(self.path)
        except OSError as error:
            problem = f"{self.path} is not there ({error.strerror})"
            raise NotObtained(f"{problem}; see the layout in the corpus's data card") from error
        with file:
            try:
                zipped = self.path.suffix == ".gz"
                opened = gzip.GzipFile(fileobj=file) if zipped else file
                yield from bounded_lines(opened, MAX_LINE_BYTES)
            except (EOFError, OSError, zlib.error) as error:
                problem = f"{self.path} is damaged ({error})"
                raise NotObtained(f"{problem}; copy or download it again") from error

    def origin(self, number: int) -> str:
        """A line's address: its file, relative to the corpus folder, and its number."""
        return f"{self.name}:{number}"

    def finding(
        self,
        number: int,
        step: str,
        problem: str,
        remedy: str,
        outcome: str = "dropped",
        id: str = "",
    ) -> Finding:
        """A finding about a line of this file."""
        return Finding(
            step=step,
            id=id,
            origin=self.origin(number),
            problem=problem,
            remedy=remedy,
            outcome=outcome,
        )

    def _report(
        self, number: int, step: str, problem: str, remedy: str, outcome: str = "dropped"
    ) -> None:
        self.findings.append(self.finding(number, step, problem, remedy, outcome))


class Table(Lines):
    """A tab-separated file with a header. Iterating yields `(number, {column: value})`.

    Quotes are ordinary characters. A line with too few or too many fields goes to `findings`.

    Args:
        columns: required columns.
        header: column names, for a file without a header line.

    Raises:
        ValueError: on iteration, if the header cannot be read, lacks a required column, or has a
            column twice.
    """

    def __init__(
        self, path: Path, folder: Path, columns: Sequence[str] = (), header: Sequence[str] = ()
    ) -> None:
        super().__init__(path, folder)
        self.columns, self.header = columns, list(header)

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        names = self.header
        for number, line in super().__iter__():
            fields = [field.strip() for field in line.split("\t")]
            if not names:
                self._check_header(number, line, fields)
                names = self.header = fields
            elif not line.strip():
                continue
            elif len(fields) != len(names):
                problem = f"has {len(fields)} fields, not {len(names)}"
                remedy = "look for a tab or a line break within a text"
                self._report(number, "columns", problem, remedy)
            else:
                yield number, dict(zip(names, fields, strict=True))
        if not names:
            raise ValueError(f"{self.path} is empty, or its header is not UTF-8")

    def _check_header(self, number: int, line: str, names: list[str]) -> None:
        if number > 1 or "\0" in line:
            raise ValueError(f"{self.path} is not UTF-8 (is it UTF-16?); save it as UTF-8")
        if "\r" in line:
            raise ValueError(f"{self.path} ends its lines in CR alone; save it with LF, as on Unix")
        if twice := ", ".join(name for name in dict.fromkeys(names) if names.count(name) > 1):
            raise ValueError(f"{self.path} has the column {twice} twice; leave out one of them")
        if missing := ", ".join(column for column in self.columns if column not in names):
            raise ValueError(f"{self.path} lacks the column {missing}; it has {', '.join(names)}")


def parallel_lines(
    listed: Lines, columns: dict[str, Lines]
) -> Iterator[tuple[int, str, dict[str, str]] | Finding]:
    """Join a list with parallel text files, which are held in memory.

    If the files differ in length, the pairing is unknown and every line of the list is dropped.
    Blank lines at the end of a file do not count.

    Yields:
        `(number, line, texts)` for each line of the list, or a finding.
    """
    texts = {key: dict(lines) for key, lines in columns.items()}
    length = max((number for number, line in listed if line.strip()), default=0)
    even = True
    for key, lines in columns.items():
        last_text = max((n for n, text in texts[key].items() if text.strip()), default=0)
        even = even and last_text <= length <= lines.line_count
    counts = ", ".join(f"{lines.name} {lines.line_count}" for lines in columns.values())
    for number, line in listed:
        if number > length:
            break
        if not even:
            problem = f"{listed.name} has {length} lines, {counts}"
            remedy = "unpack the archive again, and look for a broken line"
            yield listed.finding(number, "parallel lines", problem, remedy)
        elif all(number in lines for lines in texts.values()):  # else reported as not UTF-8
            yield number, line, {key: lines[number].strip() for key, lines in texts.items()}
    for lines in (listed, *columns.values()):
        yield from lines.findings


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A part of a recording, with its texts."""

    audio: str  # as the list names it
    start: float  # seconds
    seconds: float
    speaker: str  # "" if unknown
    texts: dict[str, str]  # language -> text
    origin: str


def parallel_segments(
    listed: Lines,
    columns: dict[str, Lines],
    parse: Callable[[str], tuple[str, float, float, str]],
    form: str,
) -> Iterator[Segment | Finding]:
    """Join a list of segments with parallel text files (see `parallel_lines`).

    Args:
        parse: a line of the list -> audio, start, seconds and speaker.
        form: of a line, named in findings.
    """
    for entry in parallel_lines(listed, columns):
        if isinstance(entry, Finding):
            yield entry
            continue
        number, line, texts = entry
        try:
            audio, start, seconds, speaker = parse(line)
            if not (start >= 0 and math.isfinite(start + seconds)):
                raise ValueError
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError, yaml.YAMLError):
            yield listed.finding(number, "cut", f"is {line!r:.200}", f"a line must read {form}")
            continue
        yield Segment(
            audio=audio,
            start=start,
            seconds=seconds,
            speaker=speaker,
            texts=texts,
            origin=listed.origin(number),
        )


YAML_FORM = "- {duration: 3.5, offset: 16.1, ..., wav: ted_1.wav}"


def parse_yaml(line: str) -> tuple[str, float, float, str]:
    """Parse a line of a MuST-C list: each line is YAML; the file is too long to parse whole."""
    if len(line) > MAX_YAML_CHARACTERS:
        raise ValueError(f"a line of more than {MAX_YAML_CHARACTERS} characters")
    (facts,) = yaml.load(line, yaml.CSafeLoader)
    start, seconds = float(facts["offset"]), float(facts["duration"])
    return str(facts["wav"]), start, seconds, str(facts.get("speaker_id", ""))


def parse_start_end(line: str, separator: str | None = None) -> tuple[str, float, float, str]:
    """Parse a line `AUDIO START END`, with times in seconds and no speaker."""
    audio, start, end = line.split(separator)
    return audio, float(start), float(end) - float(start), ""
