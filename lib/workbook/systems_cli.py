"""The commands `translate` and `export`, which use a trained system."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from io import TextIOBase
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from lib.files import atomic_path
from lib.scales import SCALES
from lib.workbook.manifest_reader import manifests, system_folders
from lib.workbook.notebooks import BadParameter
from lib.workbook.paths import cache
from lib.workbook.screen import say

COLUMNS = ("audio", "start", "end", "text")


@runtime_checkable
class Segment(Protocol):
    """A part of a recording with its translation."""

    start: float  # seconds
    end: float
    text: str


@runtime_checkable
class Translated(Protocol):
    """A recording with its translation."""

    path: Path
    segments: Sequence[Segment]
    error: str  # why it, or a part of it, could not be read; may be empty


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Add both commands to the command line."""
    translate = commands.add_parser("translate", help="translate recordings with a trained system")
    translate.add_argument("system", help="its folder, or the beginning of its name in the cache")
    translate.add_argument("audio", nargs="+", type=Path, help="sound files")
    translate.add_argument(
        "--out", type=Path, help="a .tsv or .jsonl file to write, in place of the terminal"
    )
    translate.add_argument("--source", default="", help="the spoken language, ISO 639-3")
    translate.add_argument("--target", default="", help="the language to translate into")
    translate.set_defaults(function=_translate)
    export = commands.add_parser("export", help="export a trained system to a folder")
    export.add_argument("system", help="its folder, or the beginning of its name in the cache")
    export.add_argument("folder", type=Path, help="a new folder")
    export.set_defaults(function=_export)


def find_system(name: str) -> Path:
    """The folder of a trained system.

    Args:
        name: a folder, or the beginning of a name in the cache that only one system has.

    Raises:
        BadParameter: there is no such system, or more than one.
    """
    folder = Path(name).expanduser()
    if _is_system(folder):
        return folder.resolve()
    systems = sorted(path for path in cache().glob("*") if _is_system(path))
    found = [path for path in systems if path.name.startswith(name)]
    exact = [path for path in found if path.name == name]
    if len(exact or found) == 1:
        return (exact or found)[0]
    listed = "".join(f"\n  {path.name}" for path in found or systems) or " none"
    problem = f"{len(found)} systems begin with" if found else "there is no system"
    raise BadParameter(f"{problem} {name!r:.100}; the systems in {cache()}:{listed}")


def _is_system(folder: Path) -> bool:
    return all((folder / name).is_file() for name in ("system.json", "done.json"))


def _translate(arguments: argparse.Namespace) -> int:
    if missing := [path for path in arguments.audio if not path.is_file()]:
        raise BadParameter(f"{missing[0]} is not a file")
    if arguments.out and arguments.out.suffix not in (".tsv", ".jsonl"):
        raise BadParameter(f"--out {arguments.out}: the name must end in .tsv or .jsonl")
    folder = find_system(arguments.system)
    import torch

    from lib.systems.load import load_system

    languages = {"source": arguments.source, "target": arguments.target}
    try:
        system = load_system(folder, "cuda" if torch.cuda.is_available() else "cpu")
        found = system.translate(arguments.audio, progress=_print_progress, **languages)
    except (OSError, ValueError) as error:
        raise BadParameter(str(error)) from error
    if arguments.out:
        write_translations(arguments.out, found)
        say(f"Written: {arguments.out}")
    else:
        print_translations(found)
    failed = [recording for recording in found if recording.error]
    for recording in failed:
        say(f"error: {recording.path}: {recording.error}", sys.stderr)
    return 1 if failed else 0


def _export(arguments: argparse.Namespace) -> int:
    folder = find_system(arguments.system)
    from lib.systems.export import export
    from lib.systems.load import load_system

    try:
        export(load_system(folder), arguments.folder, recorded_scores(folder))
    except (OSError, ValueError) as error:
        raise BadParameter(str(error)) from error
    say(f"Exported to {arguments.folder}")
    return 0


def recorded_scores(folder: Path) -> list[dict[str, Any]]:
    """The scores of a trained system, from the first run whose record names its folder."""
    for manifest in (entry for scale in SCALES for entry in manifests(scale)):
        for strategy, path in system_folders(manifest).items():
            rows = [row for row in manifest["scores"] if row["strategy"] == strategy]
            if rows and path == folder.resolve():
                return rows
    return []


def _print_progress(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{what} {done}/{total}", end="\n" if done == total else "", file=sys.stderr)


def print_translations(found: Sequence[Translated], out: TextIOBase | None = None) -> None:
    """Print each recording's path and its segments, with their times in seconds."""
    for recording in found:
        say(str(recording.path), out)
        for segment in recording.segments:
            say(f"[{segment.start:.2f} - {segment.end:.2f}] {segment.text}", out)


def write_translations(path: Path, found: Sequence[Translated]) -> None:
    """Write a row a segment, as TSV or JSON lines by the file's suffix."""
    with atomic_path(path) as temporary:
        with open(temporary, "w", encoding="utf-8", newline="") as file:
            if path.suffix == ".tsv":
                table = csv.DictWriter(file, COLUMNS, delimiter="\t", lineterminator="\n")
                table.writeheader()
                table.writerows(_rows(found))
            else:
                for row in _rows(found):
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _rows(found: Sequence[Translated]) -> Iterator[dict[str, Any]]:
    for recording in found:
        for segment in recording.segments:
            times = {"start": round(segment.start, 3), "end": round(segment.end, 3)}
            yield {"audio": str(recording.path), **times, "text": segment.text}
