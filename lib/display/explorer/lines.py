"""What the explorer shows: requests with their references, outputs, facts and clips."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lib.display.alignment import Span, alignment
from lib.languages import language
from lib.scoring.outputs import OutputRow

MAX_CHARACTERS = 4_000  # of a text that is shown; the rest is counted
MAX_ALIGNED_CHARACTERS = 2_000  # longer outputs are shown without marks
# they would turn the text beside them around, or be invisible
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
NOTEBOOK_SOUND_BYTES = 1_500_000  # of compressed audio in an executed notebook
KEY = "request"  # the index of the table

# values of one output each, in the order of the rows
Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """A table of counts whose cells filter the explorer.

    Args:
        rows, columns: the values in their order.
        where: only lines with these values are counted.
    """

    title: str
    row: str  # column of the explorer's table
    column: str
    rows: Sequence[str]
    columns: Sequence[str]
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Explorer:
    """Requests to systems, and what came out.

    Args:
        name: of its page and of its tags.
        lines: one line a request; the index is its key, by which tags are kept.
        sounds: the clip of each line.
        texts: the columns that are texts, in the order in which they are shown.
        outputs: of these, those that are aligned with the column "reference".
        shown: the columns that are visible at first.
        tags: proposed ones.
    """

    name: str
    lines: pd.DataFrame
    sounds: Sequence[Path]
    texts: Sequence[str]
    outputs: Sequence[str]
    shown: Sequence[str]
    matrices: Sequence[Matrix] = ()
    tags: Sequence[str] = ("unclear speech", "wrong reference", "look again")

    def table(self) -> pd.DataFrame:
        """The lines with the path of each clip."""
        return self.lines.assign(audio=[str(path) for path in self.sounds])

    def to_html(self) -> str:
        """A fragment for a notebook, which needs no kernel and no network, with little sound."""
        from lib.display.explorer import page  # which reads this module

        return page.fragment(self, NOTEBOOK_SOUND_BYTES)

    def _repr_html_(self) -> str:
        return self.to_html()

    def live(self, tags: Path) -> Any:
        """A widget, which reads clips from their files.

        Args:
            tags: the CSV file of tags; see `lib.display.explorer.tags`.
        """
        from lib.display.explorer.widget import live  # anywidget is needed only with a kernel

        return live(self, tags)

    def alignments(self) -> list[list[list[Span] | None]]:
        """For each line the aligned spans of each of `outputs`; None: there is nothing to align."""
        shown = self.lines[["target", "reference", *self.outputs]]
        return [
            [_aligned(reference, output, language(code).unit) for output in outputs]
            for code, reference, *outputs in shown.itertuples(index=False)
        ]


def _aligned(reference: str, output: str, unit: str) -> list[Span] | None:
    if not output or max(len(reference), len(output)) > MAX_ALIGNED_CHARACTERS:
        return None
    return alignment(visible(reference), visible(output), unit)


def visible(text: str) -> str:
    """A text with control characters and direction overrides as their code points, and not endless.

    The marks that Arabic and Hebrew need (U+200E, U+200F) stay.
    """
    shown = _UNSEEN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text[:MAX_CHARACTERS])
    rest = len(text) - MAX_CHARACTERS
    return f"{shown} … ({rest:,} more characters)" if rest > 0 else shown


def side_by_side(
    rows: Sequence[OutputRow],
    name: str,
    columns: Columns,
    facts: pd.DataFrame | None = None,
    shown: Sequence[str] = (),
    worst: str = "",
) -> Explorer:
    """Outputs of several strategies on the same clips, a line a clip and task.

    Args:
        columns: name -> a value for each row, such as scores; one column for each strategy, and of
            two strategies their difference. Those of the first name are visible.
        facts: of each row; those of a clip are the same for all strategies.
        shown: further columns that are visible at first.
        worst: a column of `columns` by which the lines are sorted, the lowest of the first strategy
            first; "": the order of the rows.

    Raises:
        ValueError: no row, or a strategy with two outputs for one request.
    """
    _check(rows, columns, facts)
    strategies = list(dict.fromkeys(row.strategy for row in rows))
    lines: dict[str, dict[str, Any]] = {}
    sounds: dict[str, Path] = {}
    for number, row in enumerate(rows):
        key = f"{row.task} {row.source}→{row.target} {row.id}"
        sounds[key] = Path(row.audio)
        if key not in lines:
            given = {} if facts is None else facts.iloc[number].to_dict()
            lines[key] = _common(row) | given
        if row.strategy in lines[key]:
            raise ValueError(
                f"{row.strategy!r} has two outputs for {key}, or is the name of another column; "
                "give the rows of one seed and subset"
            )
        lines[key][row.strategy] = row.hypothesis
        for column, values in columns.items():
            lines[key][_of(column, row.strategy, strategies)] = values[number]
    table = pd.DataFrame.from_dict(lines, orient="index").rename_axis(KEY)
    table[strategies] = table[strategies].fillna("")  # of clips that one has no output for
    scored = [_of(column, strategy, strategies) for column in columns for strategy in strategies]
    if len(strategies) == 2:
        for column in columns:
            pair = table[[_of(column, strategy, strategies) for strategy in strategies]]
            if all(map(pd.api.types.is_numeric_dtype, pair.dtypes)):
                table[f"{column}, difference"] = pair.iloc[:, 0] - pair.iloc[:, 1]
                scored.append(f"{column}, difference")
    if worst:
        table = table.sort_values(_of(worst, strategies[0], strategies), kind="stable")
    first = [name for name in _columns_of(next(iter(columns), ""), strategies) if name in table]
    texts = ["reference", *strategies]
    rest = [name for name in table if name not in (*texts, *scored)]
    table = table[[*texts, *scored, *rest]]
    return Explorer(
        name=name,
        lines=table,
        sounds=[sounds[key] for key in table.index],
        texts=[*texts, "transcript"],
        outputs=strategies,
        shown=[*texts, *first, *shown],
    )


def one_by_one(
    rows: Sequence[OutputRow],
    name: str,
    columns: Columns,
    matrices: Sequence[Matrix] = (),
    shown: Sequence[str] = (),
) -> Explorer:
    """A line for each output, of any system.

    Args:
        columns: name -> a value for each row.
        shown: further columns that are visible at first.

    Raises:
        ValueError: no row, or two with the same request.
    """
    _check(rows, columns, None)
    lines = {}
    for number, row in enumerate(rows):
        own = {column: values[number] for column, values in columns.items()}
        key = f"{row.system} {row.strategy} {row.task} {row.source}→{row.target} {row.id}"
        facts = {"system": row.system, "strategy": row.strategy, "output": row.hypothesis}
        lines[key] = facts | _common(row) | own
    if len(lines) != len(rows):
        raise ValueError(f"{len(rows) - len(lines)} outputs have the request of another one")
    return Explorer(
        name=name,
        lines=pd.DataFrame.from_dict(lines, orient="index").rename_axis(KEY),
        sounds=[Path(row.audio) for row in rows],
        texts=["output", "reference", "transcript"],
        outputs=["output"],
        shown=["system", "task", "source", "target", "output", "reference", *shown],
        matrices=matrices,
    )


def _common(row: OutputRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "task": row.task,
        "source": row.source,
        "target": row.target,
        "reference": row.reference,
        "transcript": row.transcript,
        "speaker": row.speaker,
        "seconds": row.seconds,
    }


def _of(column: str, strategy: str, strategies: Sequence[str]) -> str:
    return column if len(strategies) == 1 else f"{column}, {strategy}"


def _columns_of(column: str, strategies: Sequence[str]) -> list[str]:
    """The columns of one score: of each strategy, and the difference of two."""
    of_each = [_of(column, strategy, strategies) for strategy in strategies]
    return [*of_each, f"{column}, difference"]


def _check(rows: Sequence[OutputRow], columns: Columns, facts: pd.DataFrame | None) -> None:
    if not rows:
        raise ValueError("there is no output to explore; decode a test set first")
    lengths = {name: len(values) for name, values in columns.items()}
    lengths |= {"facts": len(facts)} if facts is not None else {}
    for name, length in lengths.items():
        if length != len(rows):
            raise ValueError(f"{name} has {length} values for {len(rows)} outputs")
