"""The grids of notebook 51: how a request is worded, in both systems with a causal language model.

IT-IST asks by tags that are new tokens (2506.17019), LLM-SRT by tags in plain text and says that
they do as well as instructions (2409.19510). Zero-resource translation trains on paraphrases and
asks by one sentence (2412.18566).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lib.scoring.estimates import Estimate
from lib.scoring.grid_scores import GridScores
from lib.systems import wordings
from lib.systems.ablations.study import ablation_study
from lib.systems.grid import Grid

WORDING = "prompts.wording"
# level, as tables name it -> the wording
LEVELS: dict[str, dict[str, Any]] = {
    "none": {WORDING: wordings.NONE},
    "minimal tags": {WORDING: wordings.MINIMAL},
    "tags as plain text": {WORDING: wordings.TAGS},
    "tags as new tokens": {WORDING: wordings.TOKENS},
    "sentence": {WORDING: wordings.INSTRUCTION},
    "detailed": {WORDING: wordings.DETAILED},
    "paraphrased": {WORDING: wordings.PARAPHRASED},
}
IT_IST, LLM_SRT = "IT-IST", "LLM-SRT"
SYSTEMS: dict[str, dict[str, Any]] = {
    IT_IST: {"system": "it_ist", "strategy": "instruct"},
    LLM_SRT: {"system": "llm_srt", "strategy": "srt"},
}

# every stage is trained anew with its wording
GRID = Grid(
    name="instruction",
    factors={"wording": LEVELS, "system": SYSTEMS},
    reference={"wording": "tags as new tokens", "system": IT_IST},
    minutes=12.0,
)
# what `make workbook` has time for: the second stage alone and short, from the first one as it is;
# one system, since each needs a tested model for each wording
LEAN = replace(
    GRID.only(
        seeds=(1,),
        wording=("none", "tags as new tokens", "sentence", "detailed", "paraphrased"),
        system=(IT_IST,),
    ),
    name="instruction, lean",
    fixed={
        "start": "align",
        "test_clips": 12,
        "recipe.instruct.updates": "0.15x",
        "recipe.instruct.warmup_updates": "0.25x",
        "recipe.instruct.batch_seconds": "0.5x",
        "recipe.instruct.evaluate_every": 0,  # at the end alone
    },
    minutes=0.5,
)


def gain(found: GridScores, wording: str, over: str, system: str = IT_IST) -> Estimate:
    """The score of a system with a wording minus that with another one.

    Raises:
        ValueError: one of the two has no record.
    """
    against = replace(found, reference=(over, system))
    if (measured := against.difference((wording, system), "wording")) is None:
        known = ", ".join(levels[0] for levels in found.outputs if levels[1] == system)
        raise ValueError(
            f"{system}: {wording!r} against {over!r} needs records of both; there are {known or 0}"
        )
    return measured


STUDIES = {"instruction": ablation_study("instruction", (GRID,), "51", minutes=15.0)}
