"""Grids of open questions of the papers that no notebook asks; see `lib.systems.open_questions`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from lib.systems.grid import Grid, PlannedRun, planned

# the fewer clips have a translation, the better it pays to transcribe, whatever the tags say
TAGS = Grid(
    name="tags",
    system="it_ist",
    factors={
        "mixture": {
            "natural": {"strategy": "instruct"},
            "balanced": {"strategy": "instruct, balanced"},
        },
        "clips with a translation": {
            "the recipe's share": {},
            "5 %": {"recipe.labelled_share": 0.05},
            "1 %": {"recipe.labelled_share": 0.01},
        },
    },
    metric="transcribed rate",
    minutes=4.0,
    scales=("tiny", "lab"),  # 1 % of the clips of `smoke` are none
)
# at `full` alone: the clips of a phrasebook last seconds
LONG_QUESTIONS = Grid(
    name="long_questions",
    system="it_ist",
    strategy="instruct",
    factors={"max_question_seconds": (120.0, 45.0, 300.0)},
    seeds=(1,),
    # it has no translations; every level takes its dev and test sets from clips of all lengths
    fixed={"corpus": "spoken_squad", "tasks": "ASR SQA", "recipe.max_train_seconds": 300.0},
    task="SQA",
    metric="F1",
    scales=("full",),
)
# at equal updates; 900 contents are two hours of speech in four languages
HOURS = Grid(
    name="hours",
    system="llm_srt",
    strategy="srt",
    factors={"recipe.train_contents": (900, 225, 450, 1800, 3600)},
    minutes=10.0,
    scales=("tiny",),  # numbers of its corpus
)
# no encoder here has heard these, and no language model has read them: what is known is not mixed
# up with family and script. The curriculum has to write a transcript, direct training has not.
FAMILIES = Grid(
    name="families",
    system="llm_srt",
    factors={
        "spoken": {
            "Dutch (Germanic, Latin)": {"pair": "nld-eng"},
            "Spanish (Romance, Latin)": {"pair": "spa-eng"},
            "Indonesian (Austronesian, Latin)": {"pair": "ind-eng"},
            "Russian (Slavic, Cyrillic)": {"pair": "rus-eng"},
            "Hindi (Indo-Aryan, Devanagari)": {"pair": "hin-eng"},
            "Korean (Koreanic, Hangul)": {"pair": "kor-eng"},
        },
        "strategy": ("srt", "direct"),
    },
    fixed={"recipe.gate": -100.0},  # a stage that has learnt nothing is a result here
    minutes=6.0,
)
# the languages of CoVoST 2 into English that are in lib/languages.py
FURTHER = "deu nld fra spa ita por cat rus est zho ara jpn ind"
FURTHER_PAIRS = Grid(
    name="further_pairs",
    notebook="40",
    factors={"held_out": FURTHER.split()},
    fixed={"languages": f"eng {FURTHER}"},
    seeds=(),
    minutes=600.0,  # a guess: nothing was run at `full`
    scales=("full",),
)
GRIDS = {grid.name: grid for grid in (TAGS, LONG_QUESTIONS, HOURS, FAMILIES, FURTHER_PAIRS)}
# where the recordings of a study lie
REQUIRED = {"long_questions": ("folder", "DIR"), "further_pairs": ("corpora", "covost2=DIR")}


def grid_runs(grid: Grid, scale: str, parameters: Mapping[str, Any]) -> list[PlannedRun]:
    """The points of a grid.

    Args:
        parameters: go to each point; where it is a change, see `lib.systems.variant`.

    Raises:
        ValueError: another scale, a parameter that is a factor, or recordings are missing.
    """
    if scale not in grid.scales:
        raise ValueError(f"study {grid.name} is made for {', '.join(grid.scales)}, not {scale}")
    name, example = REQUIRED.get(grid.name, ("", ""))
    if name and not parameters.get(name):
        raise ValueError(f"study {grid.name} needs recordings: add -p {name}={example}")
    return planned(replace(grid, fixed={**grid.fixed, **parameters}))


STUDIES = {name: partial(grid_runs, grid) for name, grid in GRIDS.items()}
