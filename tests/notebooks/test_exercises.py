"""The solutions of the coding exercises are right, and what stands there without them is not."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lib.display import exercises
from lib.scoring import comparisons
from lib.scoring.estimates import Components
from lib.scoring.power import Variances
from lib.workbook.notebooks import notebooks
from tests.scoring.cases import make_rows

SOLUTION = re.compile(r"<summary>Solution</summary>\n\n```python\n(.+?)\n```", re.S)
WANTED = {"00", "02", "10", "12", "16", "20", "21", "40"}


def exercise(book):
    """The cell of an exercise, and its solution, which is the cell below it."""
    for cell, below in zip(book.cells, book.cells[1:], strict=False):
        if "exercise" in cell.metadata.get("tags", []):
            return cell.source, SOLUTION.search(below.source)[1]
    return None


EXERCISES = {book.number: found for book in notebooks() if (found := exercise(book))}


@dataclass
class TrainedTwice:
    """An experiment of one seed, as notebook 10 has it, whose outputs depend on the seed alone."""

    seed: int = 1
    cache: Path = Path()
    rows: list = field(default_factory=list)

    def train(self, strategy):
        return strategy

    def outputs(self, strategy):
        return make_rows(strategy, self.seed, 0.3)


@dataclass
class Run:
    folder: Path


def uneven_rows():
    """Speakers that differ: every second one is translated badly."""
    good, bad = make_rows("tour", 1, 0.1), make_rows("tour", 1, 0.8)
    return [b if int(g.speaker[8:]) % 2 else g for g, b in zip(good, bad, strict=True)]


PARTS = Components(items=0.01, seed_items=0.1, training=1.0)


def names(tmp_path):
    """What the notebooks have defined where the exercise stands."""
    return {
        "exercises": exercises,
        "comparisons": comparisons,
        "rows": uneven_rows(),
        "seed": 1,
        "experiment": TrainedTwice(),
        "direct_rows": make_rows("direct", 1, 0.3),
        "run": Run(tmp_path),
        "found": Variances(one=PARTS, mean=PARTS, pairs=1, items=600),
    }


def answer(cell, solution, defined):
    """The page of the check, with the solution in place of `None`."""
    lines = [
        solution if solution and "# your code" in line else line for line in cell.splitlines()
    ]
    *body, last = lines
    exec("\n".join(body), defined)  # noqa: S102
    return eval(last, defined).body  # noqa: S307


def test_each_of_these_notebooks_has_a_coding_exercise():
    assert set(EXERCISES) >= WANTED


@pytest.mark.parametrize("number", sorted(EXERCISES))
def test_solution_is_right(number, tmp_path):
    cell, solution = EXERCISES[number]
    assert "Right" in answer(cell, solution, names(tmp_path))


@pytest.mark.parametrize("number", sorted(EXERCISES))
def test_without_a_solution_nothing_is_right(number, tmp_path):
    cell, _ = EXERCISES[number]
    found = answer(cell, None, names(tmp_path))
    assert "Right" not in found and "above" in found
