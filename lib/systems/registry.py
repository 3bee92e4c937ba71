"""The systems of the workbook: their studies, claims and trained models, found without torch."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from lib.scoring.claims import Claim
from lib.systems.grid import PlannedRun
from lib.systems.untested import NOT_AT, UNTESTED, UntestedClaim

# each is a package lib/systems/<name>; beside it, how figures call it
TITLES = {
    "gmu": "GMU",
    "it_ist": "IT-IST",
    "llm_srt": "LLM-SRT",
    "zero_resource": "zero-resource",
}
SYSTEMS = tuple(TITLES)
# of claims that another study measures than their system's
OTHER_STUDIES = {"ZR-6": "transfer", "ZR-6-SOUND": "transfer"}
# modules of lib/systems/ablations
ABLATIONS = ("compression", "instruction", "initialisation", "one_pair", "open_questions")


def claims() -> dict[str, Claim]:
    """The claims of the workbook and of all systems, by id."""
    return {id: claim for module in _claim_modules() for id, claim in module.CLAIMS.items()}


def claim_files() -> list[Path]:
    """The files that claims are written in."""
    return [Path(module.__file__) for module in _claim_modules()]


def _claim_modules() -> list[ModuleType]:
    packages = (__package__, *(f"{__package__}.{system}" for system in SYSTEMS))
    return [import_module(f"{package}.claims") for package in packages]


def papers() -> dict[str, str]:
    """The title of each system by the arXiv number of its paper."""
    modules = {name: import_module(f"{__package__}.{name}.claims") for name in SYSTEMS}
    return {module.PAPER: TITLES[name] for name, module in modules.items()}


def claim(id: str) -> Claim:
    """The claim with an id such as "GMU-1".

    Raises:
        KeyError: there is no such claim.
    """
    if id not in (known := claims()):
        raise KeyError(f"no system has a claim {id!r}; the claims are {', '.join(known)}")
    return known[id]


def untested_claims() -> tuple[UntestedClaim, ...]:
    """What the papers claim and no run here can answer."""
    return UNTESTED


def not_testable(id: str, scale: str) -> str:
    """Why a claim cannot be tested at a scale; empty where it can."""
    return NOT_AT.get(id, {}).get(scale, "")


def claims_in(module: str, name: str) -> set[str]:
    """The claims in a collection of a module, such as STUDY_CLAIMS; empty for anything else.

    A module that is not one of claims is read and not imported: it may load torch.
    """
    if not module.startswith(f"{__package__}."):
        return set()
    found = {entry.__name__: entry for entry in _claim_modules()}.get(module)
    if found is None:
        return _literals(module, name) & claims().keys()
    collection = getattr(found, name, None)
    if not isinstance(collection, Mapping):
        return set()
    listed = [ids for ids in collection.values() if isinstance(ids, tuple)]
    return {*collection, *(id for ids in listed for id in ids)} & claims().keys()


def _literals(module: str, name: str) -> set[Any]:
    """The constants in the assignment to a name at the top of a module."""
    path = Path(__file__).parents[2].joinpath(*module.split(".")).with_suffix(".py")
    lines = ast.parse(path.read_text(encoding="utf-8")).body if path.exists() else []
    assigned = [line for line in lines if isinstance(line, ast.Assign)]
    nodes = [
        node
        for line in assigned
        if any(isinstance(target, ast.Name) and target.id == name for target in line.targets)
        for node in ast.walk(line.value)
    ]
    return {node.value for node in nodes if isinstance(node, ast.Constant)}


def study_of(id: str) -> str:
    """The study that measures a claim of a system; empty for the workbook's own claims."""
    modules = {name: f"{__package__}.{name}.claims" for name in SYSTEMS}
    systems = [name for name, module in modules.items() if id in claims_in(module, "CLAIMS")]
    return OTHER_STUDIES.get(id, systems[0]) if systems else ""


def _studies() -> dict[str, Any]:
    modules = [f"{system}.plan" for system in SYSTEMS]
    modules += [f"ablations.{name}" for name in ABLATIONS] + ["recordings.plan", "full_scale"]
    found = (import_module(f"{__package__}.{module}").STUDIES for module in modules)
    return {name: study for studies in found for name, study in studies.items()}


def study_names() -> list[str]:
    """The names of all studies."""
    return list(_studies())


def study_runs(name: str, scale: str, parameters: Mapping[str, Any]) -> list[PlannedRun]:
    """The runs of a study at a scale.

    Args:
        parameters: of the study; each system's plan says which it takes.

    Raises:
        ValueError: there is no such study, or it has no run at this scale.
    """
    studies = _studies()
    if name not in studies:
        raise ValueError(f"there is no study {name!r}; the studies are {', '.join(studies)}")
    return [run for run in studies[name](scale, parameters) if scale in run.scales]
