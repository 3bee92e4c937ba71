"""One pair, four systems (notebook 53): the same training speech through all four papers' ways.

GMU's first open question is whether speech language models offer an advantage where speech is
scarce (2505.21781). German is spoken to three of the backbones before, not to GMU's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lib.scoring.estimates import Estimate
from lib.scoring.grid_scores import GridScores
from lib.systems.ablations.study import ablation_study
from lib.systems.grid import Grid

SYSTEM, CONTENTS = "system", "pair_contents"
PAIR = "deu-eng"
SYSTEMS: dict[str, dict[str, Any]] = {
    "GMU, direct": {"system": "gmu", "strategy": "direct"},
    "GMU, ASR first": {"system": "gmu", "strategy": "asr_init"},
    # no questions: the corpus of a pair has none
    "IT-IST": {"system": "it_ist", "strategy": "instruct", "tasks": "ASR ST"},
    "LLM-SRT": {"system": "llm_srt", "strategy": "srt", "recipe.gate": -100.0},
    "zero-resource": {"system": "zero_resource", "strategy": "multi-task"},
}
GRID = Grid(
    name="one pair",
    factors={SYSTEM: SYSTEMS},
    fixed={"pair": PAIR},
    minutes=6.0,
)
AMOUNTS = Grid(
    name="one pair, amounts",
    factors={
        SYSTEM: SYSTEMS,
        # all are those of `GRID`
        CONTENTS: {"900": {}} | {f"{n}": {"pair_contents": n} for n in (300, 100)},
    },
    fixed={"pair": PAIR},
    reference={CONTENTS: "900"},
    minutes=5.0,
)
GRIDS = (GRID, AMOUNTS)


def _short(part: str, *stages: str) -> dict[str, str]:
    """A part of the updates of some stages."""
    return {f"recipe.{stage}.updates": part for stage in stages}


# what `make workbook` has time for: 60 % of GMU's updates, about a quarter of the others'
SHORT = {
    "GMU, direct": _short("0.6x", "st"),
    "GMU, ASR first": _short("0.6x", "asr", "st_from_asr"),
    "IT-IST": _short("0.22x", "align", "instruct"),
    "LLM-SRT": _short("0.2x", "asr", "smt", "srt"),
    "zero-resource": _short("0.25x", "adapter", "joint"),
}
LEAN = replace(
    GRID.only(seeds=(1,)),
    name="one pair, lean",
    factors={SYSTEM: {name: own | SHORT.get(name, {}) for name, own in SYSTEMS.items()}},
    minutes=1.2,
)


def third(amounts: GridScores) -> GridScores:
    """The scores with a third of the training speech."""
    outputs = {levels[:1]: runs for levels, runs in amounts.outputs.items() if levels[1] == "300"}
    return replace(amounts, factors=(SYSTEM,), outputs=outputs, reference=(next(iter(SYSTEMS)),))


def best_against_gmu(found: GridScores) -> Estimate:
    """BLEU of the best speech language model minus that of the better of GMU's two ways.

    Raises:
        ValueError: a side has no record.
    """
    scores = {levels[0]: found.score(levels).value for levels in found.outputs}
    sides = [
        {name: score for name, score in scores.items() if name.startswith("GMU") == is_gmu}
        for is_gmu in (True, False)
    ]
    if not all(sides):
        raise ValueError(f"a side is missing; there are records of {', '.join(scores) or 'none'}")
    gmu, other = (max(side, key=side.__getitem__) for side in sides)
    return replace(found, reference=(gmu,)).difference((other,))


STUDIES = {"one_pair": ablation_study("one_pair", GRIDS, "53", minutes=2.0)}
