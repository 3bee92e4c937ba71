"""Many trials, spread over all subjects, and a table of what came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tabulate import tabulate

from tests.fuzz import commands
from tests.fuzz.subjects import subjects
from tests.fuzz.trials import OUTCOMES, Fuzz, Subject, Trial

# of a hundred trials; a trained system takes ten seconds where it has to be trained again
SHARES = {
    "manifest": 18,
    "recordings": 10,
    "lhotse cuts": 10,
    "phrasebook": 10,
    "curation": 12,
    "checkpoint": 12,
    "trained system": 3,
    "records": 10,
    "command line": 15,
}


def trials(
    count: int, folder: Path, tokenizer: Path, chosen: list, first_seed: int = 0
) -> Iterator[Trial]:
    """So many trials, in the proportions of `SHARES`."""
    known: dict[str, Subject] = subjects(folder, tokenizer, chosen)
    for name, share in SHARES.items():
        seeds = range(first_seed, first_seed + round(count * share / 100))
        if name == "command line":
            yield from (commands.trial(seed, folder / "commands") for seed in seeds)
        elif seeds:
            fuzz = Fuzz(known[name], folder / name.replace(" ", "-"))
            yield from map(fuzz.trial, seeds)


def table(found: list[Trial]) -> str:
    """How often each outcome came of each subject."""
    counts = Counter((trial.subject, trial.outcome) for trial in found)
    rows = [[name, *(counts[name, outcome] or "" for outcome in OUTCOMES)] for name in SHARES]
    return tabulate(rows, ["", *OUTCOMES], "github")
