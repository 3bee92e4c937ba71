"""The order of rooms: a room imports only rooms that stand before it in `ORDER`."""

import ast
import subprocess
import sys
from dataclasses import dataclass

import pytest

from lib.systems.registry import ABLATIONS, SYSTEMS
from lib.workbook.paths import ROOT

# a room is a package or a module of lib; "ground" is all modules of `GROUND`
ORDER = (
    "ground",
    "corpora",
    "data",
    "models",
    "training",
    "decoding",
    "scoring",
    "systems",
    "display",
    "workbook",
)
GROUND = (
    "bounded",
    "languages",
    "utterance",
    "tasks",
    "scales",
    "cgroup",
    "disk",
    "files",
    "locks",
    "sqlite_cache",
    "spreadsheet",
    "content",
    "progress",
)

# what the order would allow and the house does not
FORBIDDEN = {"display": {"systems"}, "workbook": {"data", "models", "training", "decoding"}}
# and the other way round: a system's own pages, which nothing but notebooks imports
ALLOWED = {f"lib.systems.{system}.views": {"display"} for system in SYSTEMS}
ALLOWED["lib.systems.it_ist.pseudo_labels.views"] = {"display"}
ALLOWED["lib.systems.speed.views"] = {"display"}
ALLOWED["lib.systems.recordings.views"] = {"display"}
ALLOWED["lib.systems.llm_srt.direction_views"] = {"display"}
# how the workbook reaches systems: at import, and inside the functions of its commands
REGISTRY = ("lib.systems", "lib.systems.registry", "lib.systems.grid", "lib.systems.parameters")
LAZY = {f"lib.systems.{name}" for name in ("footprints.plan", "load", "export", "one_system")}

WITHOUT_TORCH = (
    "lib.bounded",
    "lib.content",
    "lib.files",
    "lib.locks",
    "lib.sqlite_cache",
    "lib.spreadsheet",
    "lib.languages",
    "lib.tasks",
    "lib.progress",
    "lib.corpora.curation.curate",
    "lib.corpora.sources.own",
    "lib.scoring.outputs",
    "lib.scoring.behaviour",
    "lib.scoring.calibration",
    "lib.scoring.buckets",
    "lib.scoring.claims",
    "lib.scoring.comparisons",
    "lib.scoring.dependence",
    "lib.scoring.learning_curve",
    "lib.scoring.ratings",
    "lib.scoring.study",
    "lib.scoring.two_systems",
    "lib.systems.registry",
    "lib.systems.grid",
    "lib.systems.parameters",
    *(f"lib.systems.ablations.{name}" for name in ABLATIONS),
    "lib.systems.ablations.initialisation_gains",
    "lib.systems.open_questions",
    "lib.systems.untested",
    "lib.systems.gmu.claims",
    "lib.systems.gmu.plan",
    "lib.systems.it_ist.claims",
    "lib.systems.it_ist.plan",
    "lib.systems.llm_srt.claims",
    "lib.systems.llm_srt.plan",
    "lib.systems.zero_resource.claims",
    "lib.systems.zero_resource.plan",
    "lib.systems.recordings.plan",
    "lib.corpora.coverage",
    "lib.workbook.__main__",
    "lib.workbook.grids",
    "lib.workbook.ledger",
    "lib.workbook.measures",
    "lib.workbook.report",
)


@dataclass(frozen=True)
class Import:
    """One import of a module of lib by another."""

    importer: str
    imported: str
    at_import: bool  # False: inside a function

    @property
    def rooms(self):
        return room(self.importer), room(self.imported)

    def __str__(self):
        return f"{self.importer} imports {self.imported}"


def room(module):
    name = module.split(".")[1]
    return "ground" if name in GROUND else name


def module_names():
    """Every module and package of lib, such as lib.data.batch, and its file."""
    found = {}
    for path in sorted((ROOT / "lib").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = module_names()


def imports_of(module):
    """Its imports of lib, wherever in the file they stand."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))
    inside = {id(node) for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name in MODULES and name.count(".") > 0:
                yield Import(module, name, id(node) not in inside)


IMPORTS = [entry for module in MODULES if "." in module for entry in imports_of(module)]


def described(entries):
    return [str(entry) for entry in entries]


def test_every_room_has_a_place_in_the_order():
    assert {room(module) for module in MODULES if "." in module} == set(ORDER)


def test_imports_are_found():
    assert len(IMPORTS) > 300


@pytest.mark.parametrize("name", ORDER)
def test_a_room_imports_only_rooms_before_it(name):
    before = set(ORDER[: ORDER.index(name) + 1]) - FORBIDDEN.get(name, set())
    wrong = [
        entry
        for entry in IMPORTS
        if entry.rooms[0] == name
        and entry.rooms[1] not in before | ALLOWED.get(entry.importer, set())
    ]
    assert described(wrong) == []


def test_pages_of_a_system_are_imported_by_nothing():
    assert described(entry for entry in IMPORTS if entry.imported in ALLOWED) == []


def test_the_workbook_imports_systems_through_the_registry():
    wrong = [
        entry
        for entry in IMPORTS
        if entry.rooms == ("workbook", "systems")
        and entry.imported not in REGISTRY
        and (entry.at_import or entry.imported not in LAZY)
    ]
    assert described(wrong) == []


@pytest.mark.parametrize("name", [name for name in ORDER if name != "systems"])
def test_no_other_room_imports_a_system(name):
    packages = tuple(f"lib.systems.{system}" for system in SYSTEMS)
    wrong = [e for e in IMPORTS if e.rooms[0] == name and e.imported.startswith(packages)]
    assert described(wrong) == []


def test_imports_are_absolute():
    relative = [
        module
        for module, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


LOADS_TORCH = """
import importlib, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
    if "torch" in sys.modules:
        sys.exit(f"{module} loads torch")
"""


def test_reading_results_does_not_load_torch():
    command = [sys.executable, "-c", LOADS_TORCH, *WITHOUT_TORCH]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
