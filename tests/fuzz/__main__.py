"""Command line: `python -m tests.fuzz COUNT [FIRST_SEED]`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from lib.corpora.synthesis import synthesize
from lib.tasks import ST, examples
from tests.conftest import SPEC, train_tokenizer
from tests.fuzz.campaign import table, trials
from tests.fuzz.trials import GOOD


def main(count: int, first_seed: int = 0) -> int:
    """Print what went wrong, and the table; returns the exit code."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train_tokenizer(folder / "tokenizer")
        chosen = examples(synthesize(SPEC, folder).split("train", "est"), ST, "eng")
        for trial in trials(count, folder, folder / "tokenizer", chosen, first_seed):
            found.append(trial)
            if trial.outcome not in GOOD:
                print(f"{trial}\n    {trial.message[:500]!r}", flush=True)
    print(table(found))
    return any(trial.outcome not in GOOD for trial in found)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
