"""The numbered notebooks: which there are, what their parameters are, and what a run of one is called."""

from __future__ import annotations

import ast
import difflib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat

from lib.files import content_hash
from lib.scales import SCALES
from lib.workbook.paths import NOTEBOOKS


class BadParameter(ValueError):
    """A parameter that a notebook does not have, or of another type; said before anything runs."""


@dataclass(frozen=True)
class Notebook:
    """One notebook file."""

    path: Path

    @property
    def number(self) -> str:
        return self.path.name[:2]

    @cached_property
    def content(self) -> nbformat.NotebookNode:
        return nbformat.read(self.path, as_version=4)

    @cached_property
    def title(self) -> str:
        """The first heading."""
        for cell in self.content.cells:
            if cell.cell_type == "markdown" and (found := re.search(r"^# (.+)$", cell.source, re.M)):
                return found[1].strip()
        return self.path.stem

    @cached_property
    def hash(self) -> str:
        """Of the sources of its cells: outputs and metadata do not count."""
        return content_hash([[cell.cell_type, cell.source] for cell in self.content.cells])

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The parameters and their defaults, read from the cell with the tag `parameters`.

        Raises:
            BadParameter: no such cell, or something in it that is not `name = literal`.
        """
        if any("injected-parameters" in cell.metadata.get("tags", []) for cell in self.content.cells):
            raise BadParameter(f"{self.path} was executed already and keeps its old parameters; run the one in notebooks/")
        cells = [cell for cell in self.content.cells if "parameters" in cell.metadata.get("tags", [])]
        if len(cells) != 1:
            raise BadParameter(f"{self.path} has {len(cells)} cells with the tag 'parameters'; it needs one")
        found = {}
        for line in ast.parse(cells[0].source).body:
            try:
                (target,) = line.targets
                found[target.id] = ast.literal_eval(line.value)
            except (AttributeError, ValueError) as error:
                raise BadParameter(
                    f"{self.path}: {ast.unparse(line)!r} in the parameters cell is not `name = literal`"
                ) from error
        return found

    def check(self, given: dict[str, Any]) -> dict[str, Any]:
        """All parameters with `given` put in, each of its default's type.

        Raises:
            BadParameter: naming the parameter, its value, and what would do.
        """
        own = self.parameters
        for name, value in given.items():
            if name not in own:
                near = difflib.get_close_matches(name, own, 1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                raise BadParameter(f"{self.path.name} has no parameter {name!r}: {hint}it has {', '.join(own)}")
            wanted = type(own[name])
            if type(value) is not wanted and not (wanted is float and type(value) is int):
                raise BadParameter(
                    f"{self.path.name}: {name} = {value!r} is of type {type(value).__name__}; "
                    f"it must be {wanted.__name__}, such as {own[name]!r}"
                )
        if given.get("scale", SCALES[0]) not in SCALES:
            raise BadParameter(f"unknown scale {given['scale']!r}; the scales are {', '.join(SCALES)}")
        return own | given

    def run_name(self, parameters: dict[str, Any]) -> str:
        """What a run is called: the number, and the parameters that are not as the notebook has them."""
        changed = [
            f"{name}={re.sub(r'[^0-9A-Za-z_.+-]+', '-', Path(str(value)).name)}"
            for name, value in parameters.items()
            if name != "scale" and value != self.parameters[name]
        ]
        # two corpora of one name in two places are two runs
        paths = [str(value) for value in parameters.values() if isinstance(value, str) and "/" in value]
        return ",".join([self.number, *changed, *([content_hash(paths, 4)] if paths else [])])


def typed(notebook: Notebook, name: str, text: str) -> Any:
    """A parameter's value from the command line, by its default's type.

    Raises:
        BadParameter: where the text is none of that type; an unknown name is left to `check`.
    """
    default = notebook.parameters.get(name)
    if default is None or isinstance(default, str):
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text
    return value


def notebooks() -> list[Notebook]:
    """All numbered notebooks, in order."""
    return [Notebook(path) for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))]


def notebook(number: str) -> Notebook:
    """The notebook of a number such as "10".

    Raises:
        BadParameter: where there is none, saying which there are.
    """
    for entry in notebooks():
        if entry.number == number.zfill(2):
            return entry
    raise BadParameter(f"there is no notebook {number!r}; there are {', '.join(entry.number for entry in notebooks())}")
