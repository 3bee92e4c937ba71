"""Tables of scores and strategies, and the error propagation of a cascade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from lib.display.html import Page, table
from lib.display.plots import ACCENT, GREY, grouped_bars
from lib.scoring.comparisons import format_interval, paired_difference, score_runs
from lib.scoring.error_propagation import WerBucket
from lib.scoring.outputs import OutputRow


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
            "task": f"{row['task']} {row['source']}→{row['target']}",
        }
        | {name: row[name] for name in ("metric", "value", "low", "high", "n", "seed")}
        | ({"run": row["run"]} if "run" in row else {})
        for row in frame.to_dict("records")
    ]
    return Page(table(rows))


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
