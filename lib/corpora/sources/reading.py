"""Reading a corpus's lists: text files whose every line keeps its number, and whose defects are found, not swallowed."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml

from lib.utterance import Finding

MARK = b"\xef\xbb\xbf"  # byte order mark


class NotObtained(FileNotFoundError):
    """A corpus, or a part of it, that is not where it was looked for; the message says how it is obtained."""


def unknown_language(name: str, origin: str) -> Finding:
    """What a source says of a part of its corpus in a language that the table does not have: it is not read."""
    return Finding("language", "", origin, f"{name!r} is a language that lib/languages.py lacks", "add a row to it", "noted")


class Lines:
    """The lines of a UTF-8 text file with their numbers, read one at a time.

    Iterating gives `(number, line)`, numbers from 1, without line ends. What is wrong with the file itself (a byte order
    mark, CRLF, bytes that are not UTF-8) is in `findings` once the file has been read: a byte order mark and CRLF are
    repaired; a line that is not UTF-8 is left out.

    Raises:
        NotObtained: where there is no such file, as soon as it is read.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self.path, self.name = path, os.path.relpath(path, folder)
        self.findings: list[Finding] = []
        self.last = 0  # number of the last line that was read

    def __iter__(self) -> Iterator[tuple[int, str]]:
        self.findings.clear()
        self.last = first = last = 0  # first and last: lines that end in CRLF
        try:
            file = gzip.open(self.path) if self.path.suffix == ".gz" else open(self.path, "rb")
        except OSError as error:
            raise NotObtained(f"{self.path} is not there ({error.strerror}); see the layout in the corpus's data card") from error
        with file:
            for number, raw in enumerate(self._raw(file), start=1):
                self.last = number
                if number == 1 and raw.startswith(MARK):
                    raw = raw[len(MARK) :]
                    self._found("byte order mark", 1, "starts with a byte order mark", "save it as UTF-8 without BOM", "repaired")
                if raw.endswith(b"\r\n"):
                    first, last = first or number, number
                try:
                    line = raw.decode("utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    self._found("encoding", number, f"is not UTF-8 ({error})", "save the file as UTF-8")
                    continue
                yield number, line
        if first:
            more = f", as others do up to line {last}" if last != first else ""
            self._found("line ends", first, f"ends in CRLF{more}", "save it with LF, as on Unix", "repaired")

    def _raw(self, file: Iterable[bytes]) -> Iterator[bytes]:
        try:
            yield from file
        except (EOFError, gzip.BadGzipFile) as error:
            raise NotObtained(f"{self.path} is damaged ({error}); copy or download it again") from error

    def _found(self, step: str, number: int, what: str, remedy: str, outcome: str = "dropped") -> None:
        self.findings.append(Finding(step, "", self.at(number), what, remedy, outcome))

    def at(self, number: int) -> str:
        """How a line is named: the file within the corpus's folder, and its number."""
        return f"{self.name}:{number}"


class Table(Lines):
    """A tab-separated file with a header: iterating gives `(number, row)`, a row a dict from column to value.

    A quote is a character like any other. A line with too few or too many fields is left out, and in `findings`.

    Args:
        columns: that must be there; empty: whatever the header names.
        header: the columns' names where the file's first line does not give them.

    Raises:
        ValueError: a column is missing; says which there are.
    """

    def __init__(
        self, path: Path, folder: Path, columns: Sequence[str] = (), header: Sequence[str] = (), separator: str = "\t"
    ) -> None:
        super().__init__(path, folder)
        self.columns, self.header, self.separator = columns, list(header), separator

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        names = self.header
        for number, line in super().__iter__():
            fields = line.split(self.separator)
            if not names:
                names = self.header = [field.strip() for field in fields]
                missing = [column for column in self.columns if column not in names]
                if missing:
                    raise ValueError(f"{self.path} lacks the column {', '.join(missing)}; it has {', '.join(names)}")
            elif not line.strip():
                continue
            elif len(fields) != len(names):
                what = f"has {len(fields)} fields, not {len(names)}"
                self._found("columns", number, what, "look for a tab or a line break within a text")
            else:
                yield number, dict(zip(names, (field.strip() for field in fields), strict=True))


def parallel(listed: Lines, columns: dict[str, Lines]) -> Iterator[tuple[int, str, dict[str, str]] | Finding]:
    """The lines of a list, each with what stands in the same line of the files beside it: `(number, line, texts)`.

    Where the files differ in length nobody knows which line lacks its fellow, and each of them is left out. Blank lines at
    an end do not count.
    """
    held = {key: dict(lines) for key, lines in columns.items()}
    ends = {
        lines.name: (lines.last, max((n for n, line in held[key].items() if line.strip()), default=0))
        for key, lines in columns.items()
    }
    length = max((number for number, line in listed if line.strip()), default=0)
    uneven = [name for name, (last, filled) in ends.items() if last < length or filled > length]
    lengths = f"{listed.name} has {length} lines, " + ", ".join(f"{name} {last}" for name, (last, _) in ends.items())
    for number, line in listed:
        if number > length:
            break
        if uneven:
            yield Finding(
                "parallel lines", "", listed.at(number), lengths, "unpack the archive again, and look for a broken line"
            )
        elif all(number in lines for lines in held.values()):  # else it is not UTF-8, and in the findings
            yield number, line, {key: lines[number].strip() for key, lines in held.items()}
    for lines in (listed, *columns.values()):
        yield from lines.findings


def cut(listed: Lines, number: int, line: str) -> tuple[str, float, float, str] | Finding:
    """What a line of MuST-C's YAML says of a sentence: its file, start and seconds, and its speaker ("" if unknown).

    The list is valid YAML line by line, and much too long to be parsed whole.
    """
    try:
        (facts,) = yaml.load(line, yaml.CSafeLoader)
        return facts["wav"], float(facts["offset"]), float(facts["duration"]), str(facts.get("speaker_id", ""))
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        what = f"does not say where its sentence lies ({error!r:.200})"
        return Finding(
            "cut", "", listed.at(number), what, "a line must read - {duration: 3.5, offset: 16.1, ..., wav: ted_1.wav}"
        )
