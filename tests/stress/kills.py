"""SIGKILL at random moments, of a training and of the runner; the result may not change."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import psutil

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


def killed_often(
    command: Sequence[str], outputs: Path, kills: int, rng: random.Random
) -> tuple[str, list[float]]:
    """What a command prints that is killed so often and then left alone.

    Returns:
        The output of the last call, and the seconds after which the ones before were killed.
    """
    environment = os.environ | {"WORKBOOK_OUTPUTS": str(outputs), "HF_HUB_OFFLINE": "1"}
    took: list[float] = []

    def start() -> subprocess.Popen:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)

    seconds = 8.0  # of an average life; it grows, so that each kind of moment comes
    while len(took) < kills:
        process, life = start(), rng.uniform(1.0, seconds)
        deadline = time.monotonic() + life
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        if process.poll() is not None:  # it had finished
            break
        end(process, whole_tree=rng.random() < 0.5)
        took.append(life)
        seconds += 2.0
    last = start()
    text, _ = last.communicate(timeout=ENDS_WITHIN_SECONDS)
    if last.returncode:
        raise AssertionError(f"after {len(took)} kills, {command} ends in {text[-2000:]}")
    return text, took


def train(folder: Path, kills: int, rng: random.Random) -> tuple[str, int]:
    """The hash of the weights of a training that is killed so often, and the kills."""
    text, took = killed_often([sys.executable, "-c", TRAIN, str(folder)], folder, kills, rng)
    return text.strip().splitlines()[-1], len(took)


def run(folder: Path, kills: int, rng: random.Random) -> tuple[pd.DataFrame, int]:
    """The scores of two runs side by side, whose runner is killed so often, and the kills."""
    command = [sys.executable, "-m", "lib.workbook", "run", *RUNS, "--scale", "smoke"]
    _, took = killed_often([*command, "--jobs", "2"], folder, kills, rng)
    return pd.read_csv(folder / "smoke" / "scores.csv").drop(columns="commit"), len(took)
