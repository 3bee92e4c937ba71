"""The human check: blind sheets to rate, read back, and compared with each other and COMETKiwi."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from scipy.stats import spearmanr
from torchmetrics.functional.classification import multiclass_cohen_kappa

from lib.files import atomic_path, content_hash, read_json, write_json
from lib.spreadsheet import as_text
from lib.systems.it_ist.pseudo_labels.defects import (
    DEFECTS,
    WRONG_TRANSCRIPT,
    Pair,
    damage,
)
from lib.systems.it_ist.pseudo_labels.kiwi import Kiwi
from lib.systems.it_ist.pseudo_labels.selection import Label

PER_PAIR = 100  # segments of a language pair that are rated
COLUMNS = ("id", "source", "translation", "score", "error class", "comment")
ERROR_CLASSES = ("none", "number", "name", "fragment", "transcript", "other")
HIGHEST = 100


class BadSheet(ValueError):
    """A rated sheet that cannot be used; the message names file, line, value and remedy."""


@dataclass(frozen=True, kw_only=True)
class Rating:
    """One rated row."""

    score: int  # 0 to 100
    error: str  # one of ERROR_CLASSES
    comment: str = ""


def write_sheet(labels: Sequence[Label], path: Path, seed: int = 1, count: int = PER_PAIR) -> Path:
    """Write a sheet for one language pair, and beside it a key that the rater does not open.

    Rows are drawn and shuffled by the seed; a row's name tells neither MT model nor score.

    Returns:
        The path of the key, `<name>.key.json`.
    """
    drawn = random.Random(seed).sample(list(labels), min(count, len(labels)))
    names = [content_hash([seed, x.id, x.target, x.translator]) for x in drawn]
    with atomic_path(path) as new, open(new, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for name, label in zip(names, drawn, strict=True):
            writer.writerow([f"r{name}", _cell(label.transcript), _cell(label.text), "", "", ""])
    key = {
        f"r{name}": {"id": x.id, "target": x.target, "translator": x.translator, "score": x.score}
        for name, x in zip(names, drawn, strict=True)
    }
    return write_json(path.with_suffix(".key.json"), key)


def _cell(text: str) -> str:
    return as_text(" ".join(text.split("\n")))


def read_sheet(path: Path, key: Path) -> dict[str, Rating]:
    """The ratings of one rater, by row id.

    Raises:
        BadSheet: a column, an id or a score is missing, repeated, unknown or out of range.
    """
    wanted = read_json(key)
    found: dict[str, Rating] = {}
    with open(path, encoding="utf-8-sig", newline="") as file:
        head = file.readline()
        file.seek(0)
        # spreadsheets of many countries save with semicolons
        reader = csv.DictReader(file, delimiter=";" if head.count(";") > head.count(",") else ",")
        if missing := set(COLUMNS) - set(reader.fieldnames or ()):
            raise BadSheet(f"{path}:1: no column {sorted(missing)}; keep the sheet's first line")
        for row in reader:
            where, id = f"{path}:{reader.line_num}", (row["id"] or "").strip()
            if id not in wanted:
                raise BadSheet(f"{where}: unknown id {id!r}; keep the ids of the sheet")
            if id in found:
                raise BadSheet(f"{where}: id {id!r} is there twice; delete one of the lines")
            found[id] = Rating(
                score=_score(row["score"], where),
                error=_error(row["error class"], where),
                comment=(row["comment"] or "").strip(),
            )
    if absent := sorted(wanted.keys() - found.keys()):
        raise BadSheet(f"{path}: {len(absent)} ids are missing, first {absent[0]!r}; restore them")
    return found


def _score(value: str | None, where: str) -> int:
    text = (value or "").strip()
    if not text:
        raise BadSheet(f"{where}: no score; write a whole number from 0 to {HIGHEST}")
    if not (text.isascii() and text.isdigit() and int(text) <= HIGHEST):
        raise BadSheet(f"{where}: score {text!r} is not a whole number from 0 to {HIGHEST}")
    return int(text)


def _error(value: str | None, where: str) -> str:
    text = (value or "").strip().lower() or ERROR_CLASSES[0]
    if text not in ERROR_CLASSES:
        raise BadSheet(f"{where}: error class {text!r}; use one of {', '.join(ERROR_CLASSES)}")
    return text


def agreement(one: Mapping[str, Rating], other: Mapping[str, Rating]) -> float:
    """Cohen's kappa of two raters with quadratic weights, on the rows that both rated.

    Raises:
        ValueError: they have no row in common.
    """
    common = sorted(one.keys() & other.keys())
    if not common:
        raise ValueError("the two raters have no row in common; give them the same sheet")
    scores = [torch.tensor([rater[id].score for id in common]) for rater in (one, other)]
    return float(multiclass_cohen_kappa(*scores, num_classes=HIGHEST + 1, weights="quadratic"))


def correlation(ratings: Mapping[str, Rating], key: Path) -> float:
    """Spearman's rank correlation of a rater's scores with COMETKiwi's."""
    known = read_json(key)
    human = [rating.score for rating in ratings.values()]
    return float(spearmanr(human, [known[id]["score"] for id in ratings]).statistic)


def missed(kiwi: Kiwi, pairs: Sequence[Pair], seed: int = 1) -> dict[str, tuple[int, float]]:
    """How often COMETKiwi gives a damaged translation at least the score of the correct one.

    With a wrong transcript, source and translation are those of another utterance: both agree,
    and nothing in them tells that the speech was something else.

    Args:
        pairs: correct translations in one language or several.

    Returns:
        Defect -> (number of pairs, share missed).
    """
    correct, found = kiwi.score(pairs), {}
    for defect in (*DEFECTS, WRONG_TRANSCRIPT):
        rng, damaged = random.Random(f"{seed}/{defect}"), {}
        for index, pair in enumerate(pairs):
            others = [x for x in pairs if x.target == pair.target and x.text != pair.text]
            wrong = defect == WRONG_TRANSCRIPT
            changed = rng.choice(others) if wrong else damage(pair, defect, others, rng)
            if changed:
                damaged[index] = changed
        if damaged:
            scores = kiwi.score(list(damaged.values()))
            worse = [s >= correct[i] for i, s in zip(damaged, scores, strict=True)]
            found[defect] = (len(worse), sum(worse) / len(worse))
    return found
