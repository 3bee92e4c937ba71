"""A grid: a question as factors, levels and seeds; each of its points is a run with a record.

The studies of the four systems, the ablation notebooks and a user's own questions are grids. A grid
is data: `lib.workbook.grids` runs one and reads its records.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from lib.scales import SCALES

ONE_SYSTEM = "04"  # the notebook that trains one system with changes
TRAINED_HERE = ("smoke", "tiny", "lab")  # scales whose corpora and backbones are made here
# the levels of a factor: its values; or a name for each, with the values of several parameters
Levels = Sequence[Any] | Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One run of a notebook in a study."""

    notebook: str  # its number
    minutes: float  # at `tiny`, one thread
    parameters: dict[str, Any] = field(default_factory=dict)
    scales: tuple[str, ...] = SCALES
    skip: str = ""  # the reason why this run is left out; empty: it is made


@dataclass(frozen=True, kw_only=True)
class Point:
    """One combination of levels, with one seed."""

    levels: dict[str, str]  # factor -> level, as tables name it
    seed: int | None
    run: PlannedRun

    @property
    def label(self) -> str:
        """The levels in a line."""
        return ", ".join(self.levels.values())


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Every combination of levels, with every seed.

    Where `notebook` is `ONE_SYSTEM`, factors and fixed values are *changes* of a system: options of
    its `open_experiment`, fields of its recipe (`recipe.align.updates`), or fields of its strategy
    (`bridge.compression`); see `lib.systems.variant`. Else they are the notebook's parameters.

    Raises:
        ValueError: a factor without levels, or a name that two of seeds, factors and `fixed` set.
    """

    name: str
    factors: Mapping[str, Levels] = field(default_factory=dict)
    seeds: tuple[int, ...] = (1, 2, 3)  # each repeats everything, backbones too; (): no seed
    notebook: str = ONE_SYSTEM
    system: str = ""  # of ONE_SYSTEM, where it is no factor: gmu, it_ist, llm_srt, zero_resource
    # the strategy that is changed; of another notebook, the one of its strategies that is read
    strategy: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    seed_names: tuple[str, ...] = ("seed",)  # parameters that a seed sets
    # the level of each factor that the others are compared with; {}: the first
    reference: Mapping[str, str] = field(default_factory=dict)
    task: str = "ST"  # and metric: what its table shows unless asked otherwise
    metric: str = "BLEU"
    minutes: float = 5.0  # of a point at `tiny`, one thread, with its backbones there
    scales: tuple[str, ...] = TRAINED_HERE

    def __post_init__(self) -> None:
        if empty := [name for name, levels in self.factors.items() if not levels]:
            raise ValueError(f"grid {self.name}: factor {empty[0]!r} has no levels")
        if twice := self.factors.keys() & self.fixed.keys():
            raise ValueError(f"grid {self.name}: {min(twice)!r} is a factor and fixed")
        if self.seeds and (twice := {*self.seed_names} & (self.fixed.keys() | self.factors.keys())):
            raise ValueError(f"grid {self.name}: {min(twice)!r} is given, and its seeds set it")

    def levels(self, factor: str) -> dict[str, Mapping[str, Any]]:
        """The levels of a factor: name -> values of parameters."""
        levels = self.factors[factor]
        if isinstance(levels, Mapping):
            return dict(levels)
        return {f"{value}": {factor: value} for value in levels}

    def points(self) -> list[Point]:
        """Every point, the first seed's before the second's, so that a study fills evenly."""
        return [self._point(seed, chosen) for seed in self.seeds or (None,) for chosen in self]

    def __iter__(self) -> Iterator[dict[str, str]]:
        """Each combination of levels: factor -> level."""
        for chosen in product(*(self.levels(name) for name in self.factors)):
            yield dict(zip(self.factors, chosen, strict=True))

    def _point(self, seed: int | None, levels: dict[str, str]) -> Point:
        values = dict(self.fixed)
        for name, level in levels.items():
            values |= self.levels(name)[level]
        seeds = dict.fromkeys(self.seed_names, seed) if seed is not None else {}
        if self.notebook == ONE_SYSTEM:
            given = {"system": self.system, "strategy": self.strategy}
            given |= {name: values.pop(name) for name in given if name in values}
            values = given | {"change": format_changes(values)}
        run = PlannedRun(
            notebook=self.notebook,
            minutes=self.minutes,
            parameters=values | seeds,
            scales=self.scales,
        )
        return Point(levels=levels, seed=seed, run=run)

    def only(self, seeds: Sequence[int] = (), **levels: Sequence[str]) -> Grid:
        """A part of the grid: some seeds, and some levels of some factors.

        Raises:
            ValueError: there is no such factor or level.
        """
        factors = dict(self.factors)
        for name, kept in levels.items():
            if name not in factors:
                known = ", ".join(factors)
                raise ValueError(f"grid {self.name} has no factor {name!r}; it has {known}")
            all_levels = self.levels(name)
            if missing := [level for level in kept if level not in all_levels]:
                raise ValueError(
                    f"grid {self.name}: {name} has no level {missing[0]!r}; it has "
                    f"{', '.join(all_levels)}"
                )
            factors[name] = {level: all_levels[level] for level in kept}
        return replace(self, factors=factors, seeds=tuple(seeds) or self.seeds)


def format_changes(values: Mapping[str, Any]) -> str:
    """Changes as one parameter of a notebook: "bridge.compression=4; recipe.align.updates=900".

    Raises:
        ValueError: a value has a semicolon, which separates changes.
    """
    for name, value in values.items():
        if ";" in f"{value}":
            raise ValueError(f"{name}={value!r}: a change cannot have a semicolon")
    return "; ".join(f"{name}={value}" for name, value in values.items())


def parse_changes(text: str) -> dict[str, Any]:
    """Changes from text: name -> value; what is no Python literal is text.

    Raises:
        ValueError: a part is not name=value, or a name stands twice.
    """
    found: dict[str, Any] = {}
    for part in filter(str.strip, text.split(";")):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name:
            raise ValueError(f"{part.strip()!r} is no change; write it as bridge.compression=4")
        if name in found:
            raise ValueError(f"{name} is changed twice: {found[name]!r} and {value!r}")
        try:
            found[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            found[name] = value
    return found


def planned(*grids: Grid | PlannedRun) -> list[PlannedRun]:
    """The runs of a study's grids, and of single notebooks among them.

    Points that several grids have in common are there once.
    """
    found: dict[tuple[str, str], PlannedRun] = {}
    for grid in grids:
        for run in [p.run for p in grid.points()] if isinstance(grid, Grid) else [grid]:
            found.setdefault((run.notebook, repr(sorted(run.parameters.items()))), run)
    return list(found.values())
