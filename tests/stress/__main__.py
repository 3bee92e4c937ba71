"""Command line: `python -m tests.stress headless 1000`, `python -m tests.stress kills 50`."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from tests.stress import headless, kills


def main(what: str, count: int) -> int:
    """Print what went wrong, and how long it took; returns the exit code."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        wrong = {"headless": _headless, "kills": _kills}[what](Path(folder), count)
    for problem in wrong:
        print(problem)
    print(f"{what}: {count} times, {len(wrong)} went wrong, {time.monotonic() - started:.0f} s")
    return bool(wrong)


def _headless(folder: Path, count: int) -> list[str]:
    return headless.run_many(folder, count)


def _kills(folder: Path, count: int) -> list[str]:
    """Half of the kills in a training, half in the runner."""
    rng, wrong, done = random.Random(0), [], 0
    weights, _ = kills.train(folder / "training", 0, rng)
    scores, _ = kills.run(folder / "runs", 0, rng)
    while done < count:
        trial = folder / f"{done}"
        found, killed = kills.train(trial / "training", min(5, count - done), rng)
        if found != weights:
            wrong.append(f"{killed} kills of a training: other weights")
        done += killed
        table, killed = kills.run(trial / "runs", min(5, count - done), rng)
        if not table.equals(scores):
            wrong.append(f"{killed} kills of the runner: other scores")
        done += killed
        print(f"{done} of {count} kills, {len(wrong)} wrong", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
