"""Command line: `python -m tests.stress headless 1000`, `python -m tests.stress kills 50`."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

from tests.stress import headless, kills


def main(what: str, count: int) -> int:
    """Print what went wrong, and how long it took; returns the exit code."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        wrong = {"headless": headless.run_many, "kills": _kills}[what](Path(folder), count)
    for problem in wrong:
        print(problem)
    print(f"{what}: {count} times, {len(wrong)} went wrong, {time.monotonic() - started:.0f} s")
    return bool(wrong)


def _kills(folder: Path, count: int) -> list[str]:
    """Half of the kills in a training, half in the runner."""
    rng, wrong, done = random.Random(0), [], 0
    whole = {act: act(folder / act.__name__, rng) for act in (kills.train, kills.run)}
    acts = cycle(whole.items())
    while done < count:
        act, undisturbed = next(acts)
        trial = folder / f"{act.__name__}-{done}"
        ended = act(trial, rng, min(5, count - done), undisturbed.seconds)
        if ended.made != undisturbed.made:
            wrong.append(f"{trial.name}, killed {ended.kills} times: another result")
        done += ended.kills
        print(f"{done} of {count} kills, {len(wrong)} wrong", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
