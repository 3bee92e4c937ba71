"""The numbered notebooks: their parameters, and what their metadata says about running them."""

from __future__ import annotations

import ast
import difflib
import re
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any
from unicodedata import category

from lib.files import Damaged, content_hash, read_json
from lib.scales import SCALES
from lib.workbook import run_names
from lib.workbook.paths import NOTEBOOKS

MAX_CHARACTERS = 4096  # of a parameter; a path has at most as many


class BadParameter(ValueError):
    """A mistake of the user that is reported before anything runs."""


@dataclass(frozen=True, kw_only=True)
class RunMetadata:
    """How a notebook is run; its JSON metadata has it under `workbook`."""

    minutes: float = 5.0  # at `tiny`, one thread; for the estimate of what is left
    scales: tuple[str, ...] = SCALES  # at which the whole workbook includes it
    runs: tuple[dict[str, Any], ...] = ()  # the parameters of each of its runs in the workbook
    after: tuple[str, ...] = ()  # notebooks whose trained systems it loads
    reads_records: bool = False  # it reads the records of the runs before it
    overview: bool = True  # its scores are shown in overviews of all systems


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook, without its outputs."""

    cell_type: str
    source: str
    metadata: dict[str, Any]


@dataclass(frozen=True)
class Notebook:
    """One notebook file."""

    path: Path

    @property
    def number(self) -> str:
        return self.path.name[:2]

    @property
    def cells(self) -> list[Cell]:
        return self._content[0]

    @cached_property
    def _content(self) -> tuple[list[Cell], dict[str, Any]]:
        """Cells and metadata, read without nbformat, whose import takes a second.

        Raises:
            BadParameter: it is no notebook of Jupyter's format 4.
        """
        try:
            found = read_json(self.path)
            cells = [
                # a source is a text, or its lines
                Cell(cell["cell_type"], "".join(cell["source"]), cell["metadata"])
                for cell in found["cells"]
            ]
            return cells, found["metadata"]
        except (Damaged, KeyError, TypeError) as error:
            raise BadParameter(f"{self.path} is no notebook of format 4: {error!r:.200}") from error

    @cached_property
    def title(self) -> str:
        """The first heading."""
        for cell in self.cells:
            found = re.search(r"^# (.+)$", cell.source, re.M)
            if cell.cell_type == "markdown" and found:
                return found[1].strip()
        return self.path.stem

    @cached_property
    def hash(self) -> str:
        """The hash of all cell sources; outputs and metadata do not count."""
        return content_hash([[cell.cell_type, cell.source] for cell in self.cells])

    @cached_property
    def metadata(self) -> RunMetadata:
        """How the notebook is run.

        Raises:
            BadParameter: the metadata has an unknown field, scale or notebook.
        """
        found = self._content[1].get("workbook", {})
        known = {field.name for field in fields(RunMetadata)}
        if unknown := found.keys() - known:
            raise BadParameter(
                f"{self.path}: metadata.workbook has unknown fields {sorted(unknown)}; "
                f"the fields are {', '.join(sorted(known))}"
            )
        metadata = RunMetadata(
            **{
                name: tuple(value) if isinstance(value, list) else value
                for name, value in found.items()
            }
        )
        # earlier notebooks only, so that no two notebooks wait for each other
        if not all(number < self.number for number in metadata.after):
            raise BadParameter(f"{self.path}: metadata.workbook.after must name earlier notebooks")
        if not set(metadata.scales) <= set(SCALES):
            raise BadParameter(f"{self.path}: the scales in metadata.workbook are not all known")
        return metadata

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The parameters and their defaults, read from the cell with the tag `parameters`.

        Raises:
            BadParameter: there is no such cell, or it holds something other than `name = literal`.
        """
        tags = [cell.metadata.get("tags", []) for cell in self.cells]
        if any("injected-parameters" in entry for entry in tags):
            raise BadParameter(
                f"{self.path} is an executed copy and keeps its old parameters; "
                "run the one in notebooks/"
            )
        code = zip(self.cells, tags, strict=True)
        cells = [cell for cell, entry in code if "parameters" in entry]
        if len(cells) != 1:
            raise BadParameter(
                f"{self.path} has {len(cells)} cells with the tag 'parameters'; it needs one"
            )
        found = {}
        for line in ast.parse(cells[0].source).body:
            try:
                (target,) = line.targets
                found[target.id] = ast.literal_eval(line.value)
            except (AttributeError, ValueError) as error:
                raise BadParameter(
                    f"{self.path}: {ast.unparse(line)!r} in the parameters cell "
                    "is not `name = literal`"
                ) from error
        return found

    def check(self, given: dict[str, Any]) -> dict[str, Any]:
        """All parameters, with `given` in place of defaults.

        Raises:
            BadParameter: a parameter is unknown, of another type than its default, or not text.
        """
        own = self.parameters
        for name, value in given.items():
            if name not in own:
                near = difflib.get_close_matches(name, own, 1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                hint += f"it has {', '.join(own)}"
                raise BadParameter(f"{self.path.name} has no parameter {name!r:.100}: {hint}")
            expected = type(own[name])
            if type(value) is not expected and not (expected is float and type(value) is int):
                raise BadParameter(
                    f"{self.path.name}: {name} = {value!r:.100} is a {type(value).__name__}; "
                    f"it must be {expected.__name__}, such as {own[name]!r}"
                )
            if isinstance(value, str):
                _check_text(name, value)
        if given.get("scale", SCALES[0]) not in SCALES:
            raise BadParameter(
                f"unknown scale {given['scale']!r}; the scales are {', '.join(SCALES)}"
            )
        return own | given

    def parse(self, name: str, text: str) -> Any:
        """A parameter's value from text, by the type of its default; `check` finds mistakes."""
        default = self.parameters.get(name)
        if default is None or isinstance(default, str):
            return text
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return text

    def run_name(self, parameters: dict[str, Any]) -> str:
        """The name of a run with these parameters."""
        return run_names.run_name(self.number, parameters, self.parameters)


def _check_text(name: str, value: str) -> None:
    """Refuse text that no file name, record or terminal can hold."""
    if len(value) > MAX_CHARACTERS:
        raise BadParameter(f"{name} has {len(value):,} characters; at most {MAX_CHARACTERS:,}")
    controls = (c for c in value if category(c) in ("Cc", "Cs") and c not in "\n\t")
    if bad := next(controls, ""):
        raise BadParameter(f"{name} = {value!r:.100} holds {bad!r}, which is not text")


def notebooks() -> list[Notebook]:
    """All numbered notebooks, in order."""
    return [Notebook(path) for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))]


def notebook(number: str) -> Notebook:
    """The notebook with a number such as "10".

    Raises:
        BadParameter: there is no such notebook.
    """
    known = {entry.number: entry for entry in notebooks()}
    if number.zfill(2) not in known:
        raise BadParameter(f"there is no notebook {number!r:.100}; there are {', '.join(known)}")
    return known[number.zfill(2)]
