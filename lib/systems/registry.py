"""The systems of the workbook: their studies, claims and trained models, found without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from lib.scales import SCALES
from lib.scoring.claims import Claim

SYSTEMS = ("gmu", "it_ist", "llm_srt", "zero_resource")  # each is a package lib/systems/<name>


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One run of a notebook in a study."""

    notebook: str  # its number
    minutes: float  # at `tiny`, one thread
    parameters: dict[str, Any] = field(default_factory=dict)
    scales: tuple[str, ...] = SCALES
    skip: str = ""  # the reason why this run is left out; empty: it is made


def claims() -> dict[str, Claim]:
    """The claims of the workbook and of all systems, by id."""
    return {id: claim for module in _claim_modules() for id, claim in module.CLAIMS.items()}


def claim_files() -> list[Path]:
    """The files that claims are written in."""
    return [Path(module.__file__) for module in _claim_modules()]


def _claim_modules() -> list[ModuleType]:
    packages = (__package__, *(f"{__package__}.{system}" for system in SYSTEMS))
    return [import_module(f"{package}.claims") for package in packages]


def claim(id: str) -> Claim:
    """The claim with an id such as "GMU-1".

    Raises:
        KeyError: there is no such claim.
    """
    if id not in (known := claims()):
        raise KeyError(f"no system has a claim {id!r}; the claims are {', '.join(known)}")
    return known[id]


def study_runs(name: str, scale: str, parameters: Mapping[str, Any]) -> list[PlannedRun]:
    """The runs of a study at a scale.

    Args:
        parameters: of the study; each system's plan says which it takes.

    Raises:
        ValueError: there is no such study, or it has no run at this scale.
    """
    studies: dict[str, Any] = {}
    for system in SYSTEMS:
        studies |= import_module(f"{__package__}.{system}.plan").STUDIES
    if name not in studies:
        raise ValueError(f"there is no study {name!r}; the studies are {', '.join(studies)}")
    return [run for run in studies[name](scale, parameters) if scale in run.scales]
