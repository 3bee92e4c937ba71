"""Commands with mistakes in them, up to the moment where runs would start."""

from __future__ import annotations

import random
from pathlib import Path
from unittest.mock import patch

from lib.workbook import runner, slurm
from lib.workbook.notebooks import notebooks
from tests.fuzz.subjects import call, outputs_in
from tests.fuzz.trials import CLEAR, OTHER_VALUE, TRACEBACK, WRONG, Trial, in_child

VALUES = (
    *("", "1", "-1", "nan", "1e999", "9" * 5000, "true", "est", "english", "xx", "est eng"),
    *("../../etc", "/dev/zero", "~nobody/x", "-" * 3000, "a\x00b", "\udcff", "$(id)", "{0}"),
    *("\x1b]0;x\x07", "<b>", "phrasebook", "own", "mls=/nowhere", "CC0-1.0,MIT", "[" * 100_000),
)
WORDS = (
    *("run", "status", "report", "corpora", "translate", "10", "21", "77", "--scale", "--jobs"),
    *("--fresh", "--study", "gmu", "one_pair", "-p", "--slurm-option", "smoke", "tiny", "--help"),
)


def command(rng: random.Random) -> list[str]:
    """A command for one notebook, with values and words that need not fit."""
    source = rng.choice([source for source in notebooks() if "scale" in source.parameters])
    names = [*source.parameters, "sed"]
    words = ["run", source.number, "--scale", "smoke"]
    for _ in range(rng.randint(1, 3)):
        words += ["-p", f"{rng.choice(names)}={rng.choice(VALUES)}"]
    for _ in range(rng.randint(0, 2)):
        words.insert(rng.randrange(len(words) + 1), rng.choice((*WORDS, *VALUES)))
    return words


def trial(seed: int, folder: Path) -> Trial:
    """Give the workbook such a command; its runs are planned and not made."""
    words = command(random.Random(f"command/{seed}"))
    mutation = " ".join(word if len(word) < 40 else f"{word[:20]}..." for word in words)
    outcome, message = in_child(lambda: _outcome(words, folder))
    return Trial("command line", seed, mutation, outcome, message)


def _outcome(words: list[str], folder: Path) -> tuple[str, str]:
    with (
        patch.object(runner, "run_all", return_value=0),
        patch.object(slurm, "run_on_slurm", return_value=0),
        outputs_in(folder),
    ):
        try:
            code, text = call(words)
        except Exception as error:
            return TRACEBACK, f"{type(error).__name__}: {error}"
    if code == 0:
        return OTHER_VALUE, text
    in_short = code == 2 and "error:" in text and len(text) < 5000
    return (CLEAR if in_short else WRONG), text
