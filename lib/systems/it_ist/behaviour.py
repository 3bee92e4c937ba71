"""What came out, by what was asked: transcripts, translations, answers, questions, or neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd
from rapidfuzz import fuzz

from lib.scoring.answers import is_question
from lib.scoring.outputs import OutputRow

ASKED = {"ASR": "transcribe", "ST": "translate", "SQA": "answer"}
CAME_OUT = ("transcript", "translation", "answer", "question", "nothing", "something else")
LEAST_LIKENESS = 60.0  # percent of the characters, to count as one of these


def behaviours(rows: Sequence[OutputRow]) -> pd.DataFrame:
    """How often each kind of output came out for each task, in percent; one line a task.

    An output is what it is most like: the transcript of its clip, its translation into one of the
    languages, or the answer to its question.

    Args:
        rows: of one system on all three tasks of one test set.
    """
    wanted: dict[str, list[tuple[str, str]]] = {}
    kinds = {"ASR": "transcript", "ST": "translation", "SQA": "answer"}
    for row in rows:
        if row.task in kinds:
            own = wanted.setdefault(row.id, [])
            own += [(kinds[row.task], text) for text in row.right_outputs]
    counts = {task: Counter[str]() for task in ASKED}
    for row in rows:
        if row.task in ASKED:
            counts[row.task][came_out(row, wanted[row.id])] += 1
    lines = {
        ASKED[task]: [100 * found[kind] / found.total() for kind in CAME_OUT]
        for task, found in counts.items()
        if found
    }
    table = pd.DataFrame.from_dict(lines, orient="index", columns=list(CAME_OUT))
    return table.rename_axis("asked to")


def came_out(row: OutputRow, wanted: Sequence[tuple[str, str]]) -> str:
    """The kind of one output, one of `CAME_OUT`.

    Args:
        wanted: what could have come out for its clip, each with its kind.
    """
    if not row.hypothesis:
        return "nothing"
    if is_question(row.hypothesis, row.target):
        return "question"
    asked = {"transcribe": "transcript", "translate": "translation", "answer": "answer"}
    # of equal texts what was asked for: an answer may be all that was said
    ranked = [
        (fuzz.ratio(row.hypothesis, text), kind == asked[ASKED[row.task]], kind)
        for kind, text in wanted
    ]
    likeness, _, kind = max(ranked)
    return kind if likeness >= LEAST_LIKENESS else "something else"
