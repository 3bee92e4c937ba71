"""Tables of scores and strategies, and the error propagation of a cascade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lib.display.html import Page, table
from lib.display.plots import ACCENT, GREY, grouped_bars
from lib.languages import language
from lib.scoring.comparisons import (
    best_baseline,
    format_interval,
    paired_difference,
    row_difference,
    score_runs,
)
from lib.scoring.error_propagation import WerBucket
from lib.scoring.metrics import TRANSCRIBED
from lib.scoring.outputs import OutputRow
from lib.tasks import TASKS


def scores(frame: pd.DataFrame, metrics: Sequence[str] = ()) -> Page:
    """A row per score; signatures are in scores.csv.

    Args:
        metrics: to show; empty: all.
    """
    if metrics:
        frame = frame[frame["metric"].isin(metrics)]
    rows = [
        {
            "system": f"{row['system']} {row['strategy']}",
            "task": f"{row['task']} {row['source']}→{row['target']}{_of_subset(row)}",
        }
        | {name: row[name] for name in ("metric", "value", "low", "high", "n", "seed")}
        | ({"run": row["run"]} if "run" in row else {})
        for row in frame.to_dict("records")
    ]
    return Page(table(rows))


def _of_subset(row: Mapping[str, Any]) -> str:
    """The name of a test set that is not the usual one, such as a condition of sound."""
    return f", {row['subset']}" if row.get("subset", "test") != "test" else ""


def strategies(rows: Sequence[OutputRow], reference: str) -> Page:
    """BLEU and chrF++ of each trained strategy, and its paired BLEU difference to `reference`.

    Systems and directions are compared separately. Paired intervals are narrower than those of
    the scores, because both strategies translate the same clips.
    """
    groups: dict[tuple[str, str], list[OutputRow]] = {}
    for row in rows:
        if row.system != "baseline":
            groups.setdefault((row.system, f"{row.source}→{row.target}"), []).append(row)
    lines = []
    for (system, direction), group in groups.items():
        for strategy in dict.fromkeys(row.strategy for row in group):
            outputs = [row for row in group if row.strategy == strategy]
            line = {"system": system, "direction": direction, "strategy": strategy}
            for metric in ("BLEU", "chrF++"):
                line[metric] = format_interval(score_runs({0: outputs}, metric).score())
            difference = None
            if strategy != reference:
                difference = paired_difference(group, strategy, reference)
            line[f"BLEU above {reference}"] = format_interval(difference, "+")
            lines.append(line)
    return Page(table(lines))


Group = tuple[str, str, str]  # task, source and target


def by_task(rows: Sequence[OutputRow], reference: str) -> Page:
    """The score of each trained strategy by task and direction, with paired differences.

    The score is the task's first one, as claims have it: texts are not normalised. Transcripts in
    languages without spaces are scored in characters.

    Args:
        rows: of trained strategies, and of baselines where there are some.
        reference: strategy that the others are compared with.
    """
    baselines = _grouped([row for row in rows if row.system == "baseline"])
    lines = []
    for group, found in _grouped([row for row in rows if row.system != "baseline"]).items():
        metric, lowest = headline(group[0], group[2]), baselines.get(group, {})
        name = best_baseline([r for own in lowest.values() for r in own], metric) if lowest else ""
        for strategy, own in found.items():
            gain = None
            if strategy != reference and reference in found:
                gain = row_difference(own, found[reference], metric)
            line = _named(group, strategy) | {
                "metric": metric,
                "score": format_interval(score_runs({0: own}, metric).score()),
                f"above {reference}": format_interval(gain, "+"),
            }
            if baselines:
                above = row_difference(own, lowest[name], metric) if name else None
                line |= {"best baseline": name, "above it": format_interval(above, "+")}
            lines.append(line)
    return Page(table(lines))


def by_strategy(rows: Sequence[OutputRow], reference: str) -> Page:
    """The same scores with a column for each trained strategy, and its change from `reference`."""
    lines = []
    for group, found in _grouped([row for row in rows if row.system != "baseline"]).items():
        metric = headline(group[0], group[2])
        line = {"task": group[0], "direction": "→".join(group[1:]), "metric": metric}
        for strategy, own in found.items():
            score = score_runs({0: own}, metric).score()
            line[strategy] = f"{score.value:.1f}"
            if strategy != reference and reference in found:
                change = row_difference(own, found[reference], metric)
                line[strategy] += f"; change {format_interval(change, '+')}"
        lines.append(line)
    return Page(table(lines))


def rates(rows: Sequence[OutputRow]) -> Page:
    """How often outputs of each trained strategy are empty, transcripts or questions, in percent.

    Transcripts are counted among translations, questions among answers.
    """
    lines = []
    for group, found in _grouped([row for row in rows if row.system != "baseline"]).items():
        wanted = {"empty rate"}
        wanted |= {TRANSCRIBED} if group[0] == "ST" else set()
        wanted |= {"question rate"} if TASKS[group[0]].asks else set()
        for strategy, own in found.items():
            line = _named(group, strategy)
            for metric in ("empty rate", TRANSCRIBED, "question rate"):
                score = score_runs({0: own}, metric).score() if metric in wanted else None
                line[f"{metric}, %"] = format_interval(score)
            lines.append(line)
    return Page(table(lines))


def headline(task: str, target: str) -> str:
    """The metric of a task that stands for it; of transcripts WER, or CER for Chinese and such."""
    if task == "ASR":
        return "CER" if language(target).unit == "char" else "WER"
    return TASKS[task].metrics[0][0]


def _grouped(rows: Sequence[OutputRow]) -> dict[Group, dict[str, list[OutputRow]]]:
    """Rows by task and direction, then by strategy."""
    groups: dict[Group, dict[str, list[OutputRow]]] = {}
    for row in rows:
        own = groups.setdefault((row.task, row.source, row.target), {})
        own.setdefault(row.strategy, []).append(row)
    return groups


def _named(group: Group, strategy: str) -> dict[str, str]:
    return {"task": group[0], "direction": "→".join(group[1:]), "strategy": strategy}


def error_propagation_chart(buckets: Sequence[WerBucket]) -> Figure:
    """MT scores on correct and on recognised transcripts, by the word error rate of the clip."""
    groups = {
        f"{bucket.name}\n{bucket.n} clips": {
            "true transcript": bucket.gold_score,
            "ASR output": bucket.asr_score,
        }
        for bucket in buckets
    }
    colours = {"true transcript": GREY, "ASR output": ACCENT}
    return grouped_bars(groups, colours, "WER of the clip", buckets[0].metric)


def error_propagation(buckets: Sequence[WerBucket]) -> Page:
    """The numbers of `error_propagation_chart`."""
    rows = [
        {
            "WER of the clip": bucket.name,
            "clips": bucket.n,
            "true transcript": bucket.gold_score,
            "ASR output": bucket.asr_score,
            "lost": format_interval(bucket.loss),
        }
        for bucket in buckets
    ]
    return Page(table(rows))


def counts(values: Mapping[str, int]) -> Page:
    """How often something was cut, dropped or not encodable."""
    rows = [{"count": name.replace("_", " "), "times": value} for name, value in values.items()]
    return Page(table(rows))


def speeds(values: Mapping[str, float]) -> Page:
    """Decoding speeds in seconds of audio per second."""
    rows = [{"strategy": name, "audio s per s": value} for name, value in values.items()]
    return Page(table(rows))
