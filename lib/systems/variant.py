"""A strategy with changes, written as text: what a notebook's parameter or a grid's level can say.

`bridge.compression=4; recipe.align.updates=900; encoder=audio only` names, in this order of search:

1. `pair`, and what else `OnePair` takes: the whole experiment on one language pair; `test_clips`,
   how many of each spoken language are tested, for a quick look;
2. `recipe.` and a field of the recipe, of a stage in it, and so on;
3. an option of the system's `open_experiment`, such as `source`, `held_out` or `encoder`;
4. a field of the strategy. `System.chain_fields` are changed in every strategy that it starts from
   as well: a bridge is built once and trained in several stages.

A number may be a multiple of what it is, such as `recipe.align.updates=0.25x`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from lib.languages import language
from lib.systems.corpora import with_test_clips
from lib.systems.experiment import Experiment
from lib.systems.grid import format_changes, parse_changes
from lib.systems.one_pair import PAIR_CHANGES, OnePair, on_one_pair
from lib.systems.registry import SYSTEMS
from lib.systems.strategy import Strategy, System
from lib.tasks import TASKS

RECIPE, TEST_CLIPS, PAIR = "recipe.", "test_clips", "pair"
# options that a score's own columns show, so that a strategy's name need not
IN_COLUMNS = ("source", "target", "sources", "targets", "languages", "corpus", "folder", "corpora")
BY_HAND = ("scale", "seed", "cache", "backbone_seed", "recipe")
BY_HAND += ("callback", "progress", "on_system", "device")
_TIMES = re.compile(r"\d+(\.\d+)?x")  # such as 0.25x: a quarter of what it is
PAIRED = "gmu"  # the system whose experiments are of one pair anyway


def open_variant(
    system: str, strategy: str, change: str, scale: str, seed: int, cache: Path, **hooks: Any
) -> tuple[Experiment, Strategy]:
    """The experiment of a system, and one of its strategies with changes.

    Args:
        change: see the module; "": none.
        seed: also of the backbones that are trained here: a seed repeats everything.
        hooks: callback, progress, on_system and device, as `open_experiment` takes them.

    Raises:
        ValueError: an unknown system, strategy or field, or a value of another type; further as the
            system's `open_experiment`.
    """
    own, opener = _system_of(system)
    changes = _read_changes(system, change)
    pair, test_clips = changes.pop(PAIR), changes.pop(TEST_CLIPS, 0)
    recipe, recipe_changes = _changed_recipe(own.recipe(scale), changes)
    known = inspect.signature(opener).parameters
    options = _take_options(system, known, changes)
    seeds = {name: seed for name in ("seed", "backbone_seed") if name in known}
    experiment = opener(scale, cache=cache, recipe=recipe, **options, **seeds, **hooks)
    if pair:
        experiment = on_one_pair(experiment, pair)
    if test_clips:
        fewer = with_test_clips(experiment.corpus, test_clips)
        experiment = experiment.with_corpus(fewer)
    shown = {name: value for name, value in options.items() if name not in IN_COLUMNS}
    return _with_strategy(experiment, strategy, changes, shown | recipe_changes)


def check_variant(system: str, strategy: str, change: str, scale: str) -> None:
    """Check what `open_variant` is given, as far as no corpus and no backbone is needed.

    Raises:
        ValueError: as `open_variant`.
    """
    own, opener = _system_of(system)
    changes = _read_changes(system, change)
    for name in (PAIR, TEST_CLIPS):
        changes.pop(name, None)
    _changed_recipe(own.recipe(scale), changes)
    options = _take_options(system, inspect.signature(opener).parameters, changes)
    for name in options.keys() & {"source", "target"}:
        language(options[name])
    _changed_chain(own, check_strategy(system, strategy), changes, {})


def check_strategy(system: str, strategy: str) -> str:
    """The name of a strategy that a system has.

    Raises:
        ValueError: it has none of that name.
    """
    known = _system_of(system)[0].strategies
    if strategy not in known:
        near = get_close_matches(strategy, known, 3)
        listed = ", ".join(near or known)
        raise ValueError(f"{system} has no strategy {strategy!r}; such as {listed}")
    return strategy


def _system_of(name: str) -> tuple[System, Callable[..., Experiment]]:
    """A system and its `open_experiment`."""
    if name not in SYSTEMS:
        raise ValueError(f"there is no system {name!r}; the systems are {', '.join(SYSTEMS)}")
    package = f"lib.systems.{name}"
    opener = import_module(f"{package}.experiment").open_experiment
    return import_module(f"{package}.system").SYSTEM, opener


def _read_changes(system: str, text: str) -> dict[str, Any]:
    """Changes from text, with the pair that they name, or None, under `PAIR`."""
    changes = parse_changes(text)
    _check_folders(changes)
    pair = _take_pair(changes)
    if pair and system == PAIRED:
        changes |= {"source": pair.source, "target": pair.target}
    return changes | {PAIR: pair}


def _take_options(
    system: str, known: Mapping[str, inspect.Parameter], changes: dict[str, Any]
) -> dict[str, Any]:
    """The changes that are options of `open_experiment`, taken out of them."""
    options = {n: changes.pop(n) for n in list(changes) if n in known and n not in BY_HAND}
    required = [n for n, p in known.items() if p.default is p.empty and n not in BY_HAND]
    if missing := [name for name in required if name not in options]:
        raise ValueError(f"{system} needs {missing[0]}=, such as {missing[0]}=est, in the change")
    return options


def _check_folders(changes: Mapping[str, Any]) -> None:
    """Refuse a relative folder: a notebook's working directory is not the command's."""
    for name, value in changes.items():
        folder = Path(f"{value}")
        if name.endswith("folder") and value and not folder.is_absolute():
            raise ValueError(f"{name}={value}: give the whole path, such as {folder.absolute()}")


def _changed_recipe(recipe: Any, changes: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """A recipe with the changes that are of it, and those that make a difference.

    Args:
        changes: those of the recipe are taken out.
    """
    different = {}
    for name in [name for name in changes if name.startswith(RECIPE)]:
        value = changes.pop(name)
        changed = _changed(recipe, name.removeprefix(RECIPE).split("."), value, name)
        if changed != recipe:
            recipe, different[name] = changed, value
    return recipe, different


def _take_pair(changes: dict[str, Any]) -> OnePair | None:
    """The language pair that all of an experiment is limited to, out of the changes."""
    given = {name: changes.pop(name) for name in PAIR_CHANGES if name in changes}
    if not given:
        return None
    if "pair" not in given:
        raise ValueError(f"{min(given)} is of a pair; add pair=deu-eng")
    return OnePair.of(**given)


def _with_strategy(
    experiment: Experiment, name: str, changes: Mapping[str, Any], shown: Mapping[str, Any]
) -> tuple[Experiment, Strategy]:
    """The experiment with a changed strategy, and with those that it starts from.

    Args:
        shown: what was changed besides, for the strategy's name; those that it starts from keep
            theirs, and lie under another hash.
    """
    system = experiment.system
    if name not in system.strategies:
        near = get_close_matches(name, system.strategies, 3)
        listed = ", ".join(near or system.strategies)
        raise ValueError(f"{system.name} has no strategy {name!r}; such as {listed}")
    made: dict[str, Strategy] = {}
    found = _changed_chain(system, name, changes, made)
    if shown:
        found = replace(found, name=f"{found.name}, {format_changes(shown)}")
        made[found.name] = found
    return replace(experiment, system=system.with_strategies(made)), found


def _changed_chain(
    system: System,
    name: str,
    changes: Mapping[str, Any],
    made: dict[str, Strategy],
) -> Strategy:
    """A strategy with changes, behind those that it starts from; new ones go to `made`."""
    own = found = system.strategies[name]
    shared = {n: v for n, v in changes.items() if n.split(".")[0] in system.chain_fields}
    for start in system.starts(own):
        begun = _changed_chain(system, start, shared, made).name
        named = [field for field in system.start_fields if getattr(own, field) == start]
        found = replace(found, **dict.fromkeys(named, begun))
    different = {}
    for path, value in changes.items():
        changed = _changed(found, path.split("."), value, path)
        # a change to the value that it has is none: the system is found where it was trained
        if changed != found:
            different[path], found = value, changed
    if different:
        found = replace(found, name=f"{name}, {format_changes(different)}")
        made[found.name] = found
    return found


def named_strategy(system: System, name: str, task: str) -> Strategy:
    """A strategy by its name in a trained system's card, with the changes that the name lists.

    Args:
        task: of a strategy that nothing of the system lists, such as one of somebody's own.
    """
    listed = [known for known in system.strategies if f"{name}, ".startswith(f"{known}, ")]
    if not listed:
        return Strategy(name=name, task=TASKS[task], stage="")
    base = max(listed, key=len)
    found, rest = system.strategies[base], name[len(base) + 2 :]
    own = {field.name for field in fields(found)}
    # a name in words, such as "multitask at 2", has no changes to read
    for path, value in parse_changes(rest).items() if "=" in rest else ():
        if path.split(".")[0] in own:  # else of the recipe, or an option of its experiment
            found = _changed(found, path.split("."), value, path)
    return replace(found, name=name)


def _changed(owner: Any, path: list[str], value: Any, name: str) -> Any:
    """A dataclass, or a mapping, with one field of it, or of one inside it, changed.

    Raises:
        ValueError: there is no such field, or its value is of another type.
    """
    first, *rest = path
    is_mapping = isinstance(owner, Mapping)
    names = list(owner) if is_mapping else [f.name for f in fields(owner)]
    if first not in names:
        near = get_close_matches(first, names, 3, cutoff=0.4)
        raise ValueError(
            f"{name}: {type(owner).__name__} has no {first!r}; it has {', '.join(near or names)}"
        )
    own = owner[first] if is_mapping else getattr(owner, first)
    if rest:
        if not is_dataclass(own) and not isinstance(own, Mapping):
            raise ValueError(f"{name}: {first} is {own!r}, which has no fields")
        value = _changed(own, rest, value, name)
    else:
        value = _of_type(own, value, name)
    return {**owner, first: value} if is_mapping else replace(owner, **{first: value})


def _of_type(own: Any, value: Any, name: str) -> Any:
    """A value as a field has it: times its own, tasks by their names, lists as tuples.

    Raises:
        ValueError: it is of another type.
    """
    if isinstance(own, (int, float)) and isinstance(value, str) and _TIMES.fullmatch(value):
        times = own * float(value[:-1])
        return max(1, round(times)) if isinstance(own, int) else times
    if isinstance(own, tuple) and isinstance(value, (list, tuple, str)):
        value = tuple(value.split()) if isinstance(value, str) else tuple(value)
        named = all(isinstance(entry, str) and entry in TASKS for entry in value)
        return tuple(TASKS[entry] for entry in value) if value and named else value
    fits = own is None or type(value) is type(own)
    fits |= isinstance(own, float) and type(value) is int
    if is_dataclass(own) or not fits:
        raise ValueError(f"{name}={value!r}: it is {own!r} now, a value of another type")
    return float(value) if isinstance(own, float) else value
