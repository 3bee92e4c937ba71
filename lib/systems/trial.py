"""A trial of runs: every training for a few updates, so that what is wrong shows in minutes.

Batches are as large as in earnest, so that memory is tried as well; an update has one of them.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from lib.scales import TRIAL
from lib.training.stages import Stage
from lib.utterance import Corpus

TEST_CLIPS = 4  # of each spoken language with a text in each language, and with a question
FEW: dict[str, Any] = {  # of a recipe that has these fields
    "selection_utterances": 4,
    "max_new_tokens": 8,
    "min_new_tokens": 0,
    "gate": -100.0,  # of LLM-SRT: a stage that has learnt nothing is followed by the next
}
Recipe = TypeVar("Recipe")


def trial_updates() -> int:
    """Updates of every training in a trial; 0: it is none."""
    return int(os.environ.get(TRIAL) or 0)


def trial_recipe(recipe: Recipe) -> Recipe:
    """The recipe of a trial; in earnest the recipe itself.

    Systems of a trial are never taken for others: what is changed decides their names.
    """
    updates = trial_updates()
    if not updates or not is_dataclass(recipe):
        return recipe
    changes: dict[str, Any] = {}
    for entry in fields(recipe):
        value = getattr(recipe, entry.name)
        if isinstance(value, Stage):
            changes[entry.name] = replace(
                value, updates=updates, warmup_updates=1, evaluate_every=updates, accumulate=1
            )
        elif entry.name in FEW:
            changes[entry.name] = FEW[entry.name]
    return replace(recipe, **changes)


def trial_corpus(corpus: Corpus) -> Corpus:
    """The corpus with a few test clips for every task; in earnest the corpus itself."""
    if not trial_updates():
        return corpus
    kept, counts = [], Counter[tuple[str, str]]()
    for u in corpus.utterances:
        needs = [(u.language, code) for code in (*u.texts, *(["question"] if u.question else []))]
        if u.split != "test" or any(counts[need] < TEST_CLIPS for need in needs):
            kept.append(u)
            counts.update(needs if u.split == "test" else ())
    return replace(corpus, utterances=kept)
