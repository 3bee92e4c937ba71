"""Encoder initialisation (notebook 52): from what, how much of it is tuned, on how much speech.

Trained on English and German; tested on German, which is seen, and on Dutch and Catalan, of which
nothing paired is trained on, by the encoders neither. The system holds these two out by default, so
the encoders are those of notebook 40 where it has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lib.systems.ablations.study import ablation_study
from lib.systems.grid import Grid
from lib.systems.zero_resource.encoders import (
    AUDIO_ONLY,
    OTHER_LANGUAGES,
    RANDOM,
    SAME_LANGUAGES,
)

UNSEEN = ("nld", "cat")
MANY, SELF_SUPERVISED = "many languages", "self-supervised"
FROZEN, TOP, WHOLE = "frozen", "top 2 layers", "whole"
ENCODERS: dict[str, dict[str, Any]] = {
    RANDOM: {"encoder": RANDOM},
    SELF_SUPERVISED: {"encoder": AUDIO_ONLY},
    OTHER_LANGUAGES: {"encoder": OTHER_LANGUAGES},
    SAME_LANGUAGES: {"encoder": SAME_LANGUAGES},
    MANY: {},  # the system's own
}
TRAINED: dict[str, dict[str, Any]] = {
    FROZEN: {},
    "bottom layer": {"tuned_layers": -1},
    "bottom 2 layers": {"tuned_layers": -2},
    "top layer": {"tuned_layers": 1},
    TOP: {"tuned_layers": 2},
    WHOLE: {"trains": "LoRA encoder"},
}
AMOUNTS: dict[str, dict[str, Any]] = {"1": {}, "0.25": {"share": 0.25}, "0.1": {"share": 0.1}}


def _some(levels: Mapping[str, Mapping[str, Any]], *names: str) -> dict[str, Mapping[str, Any]]:
    return {name: levels[name] for name in names}


# levels without a change make one run of what several grids have in common
GRID = Grid(
    name="initialisation",
    system="zero_resource",
    strategy="multi-task",
    factors={"encoder": ENCODERS, "trained": _some(TRAINED, FROZEN, TOP, WHOLE)},
    fixed={"languages": "eng deu nld cat"},
    reference={"encoder": SELF_SUPERVISED, "trained": FROZEN},
    minutes=4.0,
)
BY_AMOUNT = replace(
    GRID,
    name="initialisation_amount",
    factors={"share": AMOUNTS, "encoder": _some(ENCODERS, RANDOM, SELF_SUPERVISED, MANY)},
    reference={"share": "1", "encoder": SELF_SUPERVISED},
)
BY_LAYERS = replace(
    GRID,
    name="initialisation_layers",
    factors={"encoder": _some(ENCODERS, SELF_SUPERVISED, MANY), "trained": TRAINED},
)
# what `make workbook` has time for: a seventh of the updates, less speech, one seed
_SHORT = {
    "recipe.train_contents": "0.6x",
    "recipe.test_contents": "0.3x",
    "recipe.adapter.updates": "0.14x",
    "recipe.joint.updates": "0.16x",
    "recipe.joint.warmup_updates": "0.4x",
}
LEAN = replace(
    GRID.only(seeds=(1,), encoder=(RANDOM, SELF_SUPERVISED, MANY), trained=(FROZEN,)),
    name="initialisation, lean",
    fixed=GRID.fixed | _SHORT,
    minutes=0.6,
)
LEAN_TUNED = replace(
    GRID.only(seeds=(1,), encoder=(MANY,), trained=(FROZEN, WHOLE)),
    name="initialisation, lean, tuned",
    fixed=LEAN.fixed,
    minutes=0.6,
)
GRIDS, LEAN_GRIDS = (GRID, BY_AMOUNT, BY_LAYERS), (LEAN, LEAN_TUNED)


def grids_of(study: bool, seed: int) -> tuple[Grid, ...]:
    """The grids of a run of notebook 52: the study's, or the lean ones with a seed."""
    return GRIDS if study else tuple(grid.only(seeds=(seed,)) for grid in LEAN_GRIDS)


STUDIES = {"initialisation": ablation_study("initialisation", GRIDS, "52", minutes=2.0)}
