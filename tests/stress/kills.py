"""SIGKILL at random moments, of a training and of the runner; the result may not change."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil

from lib.files import content_hash
from lib.workbook.paths import ROOT

ENDS_WITHIN_SECONDS = 600.0
# a backbone and two stages at `smoke`, which save as often as they may
TRAIN = """
import sys
from dataclasses import replace
from pathlib import Path
from lib.files import file_hash
from lib.systems.gmu.experiment import open_experiment
from lib.systems.gmu.system import Gmu
recipe = Gmu(False).recipe("smoke")
longer = {
    name: replace(getattr(recipe, name), updates=25, save_every_seconds=0.0)
    for name in ("asr", "st_from_asr")
}
recipe, cache = replace(recipe, **longer), Path(sys.argv[1])
system = open_experiment("smoke", "gle", "eng", 1, cache, recipe=recipe).train("asr_init")
print(file_hash(system.folder / "best.safetensors"))
"""
RUNS = ("10", "20")  # of the runner, side by side


def end(process: subprocess.Popen, whole_tree: bool) -> None:
    """Kill a process, and with it, or not, all that it has started."""
    started = psutil.Process(process.pid).children(recursive=True) if whole_tree else []
    process.kill()
    for child in started:
        try:
            child.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            pass
    process.wait()


@dataclass(frozen=True)
class Ended:
    """What a command has made that was killed and called again until it ended."""

    made: str  # to compare
    kills: int
    seconds: float  # of the last call


def train(folder: Path, rng: random.Random, kills: int = 0, seconds: float = 0.0) -> Ended:
    """A training, which makes the hash of its weights; for the arguments, see `_killed_often`."""
    command = [sys.executable, "-c", TRAIN, str(folder)]
    text, *rest = _killed_often(command, folder, rng, kills, seconds)
    return Ended(text.strip().splitlines()[-1], *rest)


def run(folder: Path, rng: random.Random, kills: int = 0, seconds: float = 0.0) -> Ended:
    """Two runs side by side, which make a table of scores; it is their runner that is killed."""
    command = [sys.executable, "-m", "lib.workbook", "run", *RUNS, "--scale", "smoke"]
    _, *rest = _killed_often([*command, "--jobs", "2"], folder, rng, kills, seconds)
    scores = pd.read_csv(folder / "smoke" / "scores.csv").drop(columns="commit")
    return Ended(content_hash(scores.to_csv()), *rest)


def _killed_often(
    command: Sequence[str], outputs: Path, rng: random.Random, kills: int, seconds: float
) -> tuple[str, int, float]:
    """Start a command, kill it, and so on; then leave it alone.

    Args:
        kills: at most; a command that has ended before is not killed again.
        seconds: that it takes undisturbed.

    Returns:
        The output of the last call, the kills, and the seconds of the last call.
    """
    environment = os.environ | {"WORKBOOK_OUTPUTS": str(outputs), "HF_HUB_OFFLINE": "1"}

    def start() -> subprocess.Popen:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)

    for done in range(kills):
        # lives grow, so that each kind of moment comes: at first it imports, at last it saves
        process, life = start(), rng.uniform(0.1, 0.6 + done / 8) * seconds
        deadline = time.monotonic() + life
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        if process.poll() is not None:
            kills = done
            break
        end(process, whole_tree=rng.random() < 0.5)
    started, last = time.monotonic(), start()
    text, _ = last.communicate(timeout=ENDS_WITHIN_SECONDS)
    if last.returncode:
        raise AssertionError(f"after {kills} kills, {command} ends in {text[-2000:]}")
    return text, kills, time.monotonic() - started
