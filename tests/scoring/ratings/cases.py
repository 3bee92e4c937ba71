"""Sheets that raters of known bias have filled."""

import csv
import json
import random

from tests.scoring.cases import make_rows

GOOD, POOR, CONSTANT = "gmu goodstrategy", "gmu poorstrategy", "baseline constantstrategy"
TRUE_MEANS = {GOOD: 80.0, POOR: 50.0, CONSTANT: 25.0}


def outputs(clips=40):
    """A good and a poor system, and a baseline, on clips of half a second with tagged audio."""
    return (
        make_rows("goodstrategy", 1, 0.1)[:clips]
        + make_rows("poorstrategy", 1, 0.5)[:clips]
        + make_rows("constantstrategy", 1, 1.0, system="baseline")[:clips]
    )


def key_of(folder):
    return json.loads((folder / "key.json").read_text())


def cells(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def fill(folder, rater, judge, change=None):
    """A sheet as a rater hands it in.

    Args:
        judge: what to answer, given the clip, the names of systems in their order, and whether the
            item is a repeat.
        change: of the finished rows.
    """
    key, lines = key_of(folder), cells(folder / "sheet.csv")
    for line in lines:
        entry = key["items"][line["item"]]
        answers = judge(entry["clip"], entry["systems"], entry["repeat"])
        columns = [name for name in line if "0-100" in name or "better" in name]
        line |= dict(zip(columns, answers, strict=True))
    lines = change(lines) if change else lines
    path = folder / f"{rater}.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


def clip_effect(clip):
    return random.Random(clip).randint(-10, 10)


def biased(bias, noise=0, seed=0):
    """A rater who knows the true means, with a bias and noise of their own."""
    rng = random.Random(seed)
    return lambda clip, systems, _: [
        str(TRUE_MEANS[name] + clip_effect(clip) + bias + rng.uniform(-noise, noise))
        for name in systems
    ]


def better(systems, name):
    return ["AB"[systems.index(name)] if name in systems else "same"]


def good_from_20(clip, systems, _):
    """Prefer the poor system on the first 20 clips."""
    return better(systems, POOR if clip < "clip-020" else GOOD)
