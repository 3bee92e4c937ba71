"""Trained systems that are asked in their own words and in unseen ones, and what they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lib.scoring.behaviour import VERSION
from lib.scoring.comparisons import format_interval
from lib.scoring.estimates import Replicates, replicates
from lib.scoring.grid_scores import GridScores, Levels
from lib.scoring.metrics import Statistics, percentage
from lib.systems.asking import Asked, ask, examples_of_each_task, is_obeyed
from lib.systems.one_system import OneSystem
from lib.systems.outputs import TrainedSystem
from lib.systems.wordings import UNSEEN

OWN, OTHER = "its own words", "unseen words"
ASKED_IN = (OWN, OTHER)


@dataclass(frozen=True, kw_only=True)
class InWords:
    """The points of notebook 51's grids, each asked for every task of its system in two ways."""

    scores: GridScores  # with a last factor: "asked in"
    asked: Mapping[Levels, Mapping[int, Asked]]  # levels and words -> seed -> requests

    def followed(self, levels: Levels, words: str = OWN) -> Replicates:
        """The percentage of the requests that are followed, by seed.

        Raises:
            ValueError: nothing was asked of a system of these levels.
        """
        if (key := (*levels, words)) not in self.asked:
            known = "; ".join(", ".join(levels) for levels in self.asked)
            raise ValueError(f"nothing was asked of {', '.join(key)}; there are {known}")
        found = []
        for seed, asked in self.asked[key].items():
            done = list(map(is_obeyed, asked.requests, asked.observed))
            values = np.stack([np.array(done, dtype=np.float64), np.ones(len(done))], axis=1)
            found.append((seed, Statistics("share", values, percentage, f"behaviour:{VERSION}")))
        rows = next(iter(self.asked[key].values())).rows
        return replicates(found, [row.speaker for row in rows], [row.id for row in rows])

    def loss(self, levels: Levels) -> Replicates:
        """How many percentage points fewer requests are followed in unseen words."""
        return self.followed(levels) - self.followed(levels, OTHER)

    def followed_rows(self) -> list[dict[str, Any]]:
        """A line for each combination of levels, with intervals: followed in both, and the loss."""
        lines = []
        for levels in dict.fromkeys(key[:-1] for key in self.asked):
            line = dict(zip(self.scores.factors, levels, strict=False))
            for words in ASKED_IN:
                line[words] = format_interval(self.followed(levels, words).score())
            lines.append(line | {"lost": format_interval(self.loss(levels).estimate(), "+")})
        return lines

    def first_seed(self, system: str, words: Sequence[str] = ASKED_IN) -> dict[str, Asked]:
        """The requests to a system's first seed: "sentence" or "sentence, unseen" -> requests.

        Their rows have this label as their system, for views that know systems alone.
        """
        found = {}
        for (wording, name, asked_in), runs in self.asked.items():
            if name == system and asked_in in words:
                label = wording if asked_in == OWN else f"{wording}, unseen"
                asked = next(iter(runs.values()))
                rows = [replace(row, system=label) for row in asked.rows]
                found[label] = replace(asked, rows=rows)
        return found


def ask_in_words(
    points: Mapping[Levels, Sequence[OneSystem]], per_language: int
) -> InWords:
    """Ask trained systems for each of their tasks, in their own words and in unseen ones.

    Args:
        points: wording and system -> its trained systems, one a seed.
        per_language: clips of each spoken language.
    """
    outputs: dict[Levels, dict[int, Any]] = {}
    asked: dict[Levels, dict[int, Asked]] = {}
    for levels, systems in points.items():
        for one in systems:
            experiment, trained = one.experiment, one.system
            for words, prompted in ((OWN, trained), (OTHER, in_unseen_words(trained))):
                examples = examples_of_each_task(experiment, prompted, per_language)
                key, seed = (*levels, words), experiment.seed
                name = f"{levels[0]}, {words}"
                asked.setdefault(key, {})[seed] = ask(experiment, trained, examples)
                # found where `ask` left them; what is scored is of the right form
                found = experiment.decode(trained, examples)
                rows = experiment.rows(trained, examples, found, name)
                outputs.setdefault(key, {})[seed] = rows
    scores = GridScores(
        factors=("wording", "system", "asked in"),
        outputs=outputs,
        reference=(*next(iter(points)), OWN),
    )
    return InWords(scores=scores, asked=asked)


def in_unseen_words(system: TrainedSystem) -> TrainedSystem:
    """The system with prompts that no model is trained on, to make test examples with."""
    prompts = replace(system.strategy.prompts, wording=UNSEEN)
    return replace(system, strategy=replace(system.strategy, prompts=prompts))
